"""Training by backpropagation through time: the loop, schedules, divergence, checkpoints."""
