"""digit-tui: train a handwritten-digit classifier in a terminal."""

__version__ = "0.8.0"
