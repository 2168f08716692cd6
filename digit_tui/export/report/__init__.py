"""A report on a saved run as one HTML page: what it is, how well it reads, what was done to it."""
