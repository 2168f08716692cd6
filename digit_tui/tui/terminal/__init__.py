"""The terminal and this process."""
