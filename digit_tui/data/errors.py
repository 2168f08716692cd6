"""Errors about datasets; each message is one line for the user."""


class DataError(Exception):
    """A dataset that cannot be used: the message names the file, the reason and what to do."""


class FetchError(DataError):
    """A download that failed at every mirror."""
