"""Processes that compute side by side for this one. Knows nothing of what they compute."""
