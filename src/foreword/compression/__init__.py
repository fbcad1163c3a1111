"""A model made smaller: int8 weights, fewer words, and what that costs. No torch."""
