"""The error for whoever predicts: a file that cannot be used."""

WHOLE = "copy the exported folder again"


class RefusedError(Exception):
    """A file that is not what it should be."""


def printable(text: str) -> str:
    """Return what somebody else has written without what a terminal would obey."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
