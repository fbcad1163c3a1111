"""The model `everyday-en-large` for Foreword, which finds it by its name."""

from pathlib import Path

FOLDER = Path(__file__).parent / "model"
"""The model folder."""
