"""Ways to run a cell over time, forwards and backwards; each equals the cells' equations."""
