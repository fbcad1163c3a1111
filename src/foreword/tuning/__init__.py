"""Search for settings: what is tried, and which was best. Above training."""
