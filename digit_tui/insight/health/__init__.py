"""What ails a run, in words: rules on what was measured. Nothing here changes a run."""
