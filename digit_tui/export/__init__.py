"""The digits that a saved run gets wrong: as text, JSON, CSV, or a page with pictures."""
