"""The model folder: what is in it, and how it is read and written. No torch."""
