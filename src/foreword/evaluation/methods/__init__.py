"""What a trained network gains while it predicts: temperature, cache, dynamics, an n-gram."""
