"""A small model of everyday English for Foreword, found by its name: `everyday-en`."""

from pathlib import Path

FOLDER = Path(__file__).parent / "model"
"""The model folder."""
