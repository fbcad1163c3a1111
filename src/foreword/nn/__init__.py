"""torch modules around the kernels: stacking, dropout, state. Knows no words."""
