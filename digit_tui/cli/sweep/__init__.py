"""`digit-tui sweep`: many runs that look for good settings."""
