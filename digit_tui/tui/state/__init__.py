"""What the screens show, as plain objects."""
