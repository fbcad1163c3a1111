"""Parallel text: sentences and their translations, read from the files that people have."""
