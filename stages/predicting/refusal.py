"""The error for whoever predicts: a file that cannot be used."""


class RefusedError(Exception):
    """A file that is not what it should be."""
