"""Text to ids: where text comes from, how it is divided into words, how ids are stored and read."""
