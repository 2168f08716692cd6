"""Pictures of digits as lines of characters, and the labels of axes."""
