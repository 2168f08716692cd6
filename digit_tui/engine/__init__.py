"""Steps: a network moved on, by one process or several."""
