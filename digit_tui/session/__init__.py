"""What every front end needs of a running process."""
