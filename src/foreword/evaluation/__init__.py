"""The quality of a model: perplexity, accuracies, keystroke savings, BLEU."""
