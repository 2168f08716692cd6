"""What goes wrong with data, each as one line for a person to read."""


class DataError(Exception):
    """Data that cannot be used: its message names the file, the reason and what to do."""


class FetchError(DataError):
    """A download that failed at every mirror."""
