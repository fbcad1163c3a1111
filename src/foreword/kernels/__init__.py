"""Ways to run a cell over time, forwards and backwards; all compute the cells' equations."""
