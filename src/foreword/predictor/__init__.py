"""Prediction from a model folder, with numpy alone. Never imports torch."""
