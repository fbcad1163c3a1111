"""A model folder in other forms: one step of its network in ONNX, a lexical model for Keyman."""
