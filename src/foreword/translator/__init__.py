"""Translate without PyTorch: a model of `foreword.translation`, its search, typing with it."""
