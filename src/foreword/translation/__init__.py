"""Translation: encoder, attention and decoder from the cells of `foreword.cells`, in PyTorch."""
