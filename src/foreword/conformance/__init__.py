"""Whether a kernel, or anyone's recurrent layer, computes what the cells' equations say."""
