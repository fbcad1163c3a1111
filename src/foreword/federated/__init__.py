"""Training on many people's text, of which only changes of weights are sent."""
