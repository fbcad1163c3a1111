"""A model folder as one ONNX file: one step of the network, states in and out."""
