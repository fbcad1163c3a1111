"""Suggestions for other programs: editors, and whoever asks over a network. Never imports torch."""
