"""The language that all share: commands, events, state, settings, words."""
