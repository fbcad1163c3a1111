"""Text to ids: where text comes from, how it is cut into words, how ids are stored and read."""
