"""The front end for Python programs and notebooks; `digit_tui` has its public names."""
