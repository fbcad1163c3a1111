"""Methods that improve a network as it predicts: temperature, cache, dynamics, n-gram."""
