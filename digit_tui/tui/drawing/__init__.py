"""Lines of a screen."""
