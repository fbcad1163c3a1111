"""Next-word models behind one interface: ids and state in, logits and new state out."""
