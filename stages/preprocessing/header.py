"""The start of a table: a header or none, and the column in which the label stands."""

from typing import IO, NamedTuple

from preprocessing.fields import (
    RowError,
    are_names,
    cut_line,
    longest_line,
    require_end,
    shown,
    told_apart,
)
from shared.dataset import Dataset

_BOM = b"\xef\xbb\xbf"
_NO_TABLES = {
    b"PK\x03\x04": "a zip (whose name `archive` says in the dataset's entry) or a spreadsheet",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"<!DOCTYPE": "a web page",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"version https://git-lfs": "what Git LFS keeps in place of a file (`git lfs pull` fetches it)",
}


class Start(NamedTuple):
    """Whether there is a header, what is wrong with it, and the label's column, from 0."""

    header: bool
    error: RowError | None
    label_column: int


def read_start(file: IO[bytes], dataset: Dataset) -> Start:
    """Read a table, from its beginning, to its first row.

    Raises RowError, for the first line, where no row could be read: without labels, or without
    knowing in which column they are.
    """
    if file.read(len(_BOM)) != _BOM:
        file.seek(0)
    beginning, columns = file.tell(), dataset.image.pixels + 1
    line, second = (file.readline(longest_line(columns) + 1) for _ in range(2))
    _require_text(line)
    require_end(line, columns)
    _require_labels(dataset.image.pixels, line, second)
    header, error = dataset.header, None
    names: list[bytes] = []
    try:
        names = cut_line(line, columns)
    except RowError as wrong:  # which, without a header, is for the row to say
        error = wrong if header else None
    if names and are_names(names) != header:
        header, error = True, _mistaken(names, declared=header)
    file.seek(beginning + len(line) * header)
    column = {"first": 0, "last": dataset.image.pixels}.get(dataset.label)
    if column is None:
        column = _find(dataset.label, names, error)
    return Start(header, error, column)


def _require_text(line: bytes) -> None:
    for beginning, what in _NO_TABLES.items():
        if line.startswith(beginning):
            raise RowError((1, f"the file is {what}; expected a CSV in UTF-8"))


def _require_labels(pixels: int, *lines: bytes) -> None:
    if all(line.count(b",") == pixels - 1 for line in lines):
        message = (
            f"the table has {pixels:,} columns, which are an image's pixels, and no labels; "
            "expected one in every row. Without (as in the test.csv of a Kaggle competition) they "
            "can neither train nor test: leave this file out, and have the test set drawn from "
            "the other (`draw_test` in the dataset's entry, see docs/datasets.md)"
        )
        raise RowError((pixels + 1, message))


def _mistaken(names: list[bytes], *, declared: bool) -> RowError:
    place = told_apart(names)
    if place is not None:
        second = f"{shown(names[place])} is a second {shown(names[place][:-2])}"
        message = (
            f"{second}, told apart: pandas took the first row for a header. Say `header: true` in "
            "the dataset's entry, which leaves it out, or write the table anew, from one read "
            "with `header=None`"
        )
        return RowError((place + 1, message))
    found, expected = ("numbers", "a header") if declared else ("names", "numbers")
    other = str(not declared).lower()
    message = (
        f"{shown(names[0])}, … are {found}; expected {expected} (or, in the dataset's entry, "
        f"`header: {other}`)"
    )
    return RowError((1, message))


def _find(label: str, names: list[bytes], error: RowError | None) -> int:
    """Return the place of the one column with the label's name. Raises RowError."""
    count = names.count(label.encode())
    if count != 1:
        ends = f"{shown(names[0])}, … {shown(names[-1])}" if names else ""
        message = f"{count} columns of {ends} have the label's name, {label!r}; expected one"
        raise error or RowError((1, message))
    return names.index(label.encode())
