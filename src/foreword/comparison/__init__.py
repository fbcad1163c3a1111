"""Architectures side by side, with equal parameters, time and text: the case for recurrence."""
