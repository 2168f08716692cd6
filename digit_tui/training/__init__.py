"""One run: a deterministic state machine with commands in and events out."""
