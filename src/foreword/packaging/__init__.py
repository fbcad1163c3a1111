"""A model's Python package: trained on a text, measured, and ready for `pip install`."""
