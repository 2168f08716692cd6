"""What all other parts share: commands, events, state, settings, wording, random streams."""
