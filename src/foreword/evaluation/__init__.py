"""How good a model is: perplexity, accuracies, and architectures side by side."""
