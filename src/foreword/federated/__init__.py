"""Training on many people's text, each of whom sends changes of weights and no words."""
