"""Translate without PyTorch: run a model of `foreword.translation`, search, and type with it."""
