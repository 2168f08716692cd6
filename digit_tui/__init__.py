"""digit-tui: train a handwritten-digit classifier in a terminal."""

__version__ = "0.7.0"
