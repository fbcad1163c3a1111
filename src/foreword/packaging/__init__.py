"""A model's Python package: trained on someone's text, measured, and ready for `pip install`."""
