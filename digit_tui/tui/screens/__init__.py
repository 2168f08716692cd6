"""The views of a run, and the dialogs."""
