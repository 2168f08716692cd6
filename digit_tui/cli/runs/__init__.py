"""The `digit-tui runs` commands: list saved runs, show one, compare some, remove some."""
