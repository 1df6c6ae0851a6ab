r"""The grammar of a line: fields between commas, in quotes or not, ended by \n or \r\n.

A quoted field may hold commas, and quotes as `""`, but no line break. Nothing is repaired.
"""

import re
import reprlib
from collections.abc import Iterator
from itertools import count, islice
from math import isqrt

FAULTS_SHOWN = 20
VALUES = {b"%d" % value: value for value in range(256)}

_NUMBER = re.compile(rb"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_FIELD = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|\Z)')
_SMALLEST_SIDE = 8  # of the images that a number of columns is taken for
_FEWEST_COUNTED = 5  # columns: fewer may count up by chance


class RowError(Exception):
    """What is wrong with a row: columns, from 1, each with what was found and expected there.

    Of more faults than are shown, `count` in all, it holds the first.
    """

    def __init__(self, *faults: tuple[int, str], count: int = 1) -> None:
        super().__init__(*faults)
        self.faults = faults
        self.count = count


def longest_line(columns: int) -> int:
    """Return how many bytes of a line are read: more than any row of so many columns has."""
    return (1 << 20) + 16 * columns


def require_end(line: bytes, columns: int) -> None:
    """Raise RowError for what was read of a line that is too long to be a row, or a header."""
    if len(line) > longest_line(columns):
        found = f"a line of more than {longest_line(columns):,} bytes"
        raise RowError((1, f"{found}; expected an end after {columns:,} columns"))


def cut_line(line: bytes, columns: int) -> list[bytes]:
    """Return the line's `columns` fields without their quotes. Raises RowError."""
    text = line.removesuffix(b"\n").removesuffix(b"\r")
    require_end(line, columns)
    expected = f"expected {columns:,} columns (a label and {columns - 1:,} pixels)"
    if not text.strip():
        raise RowError((1, f"a blank line; {expected}"))
    before, lone, _ = text.partition(b"\r")
    if lone:
        column = 1 + before.count(b",")
        raise RowError((column, r"a \r within the row; expected \n or \r\n at its end"))
    # A file without line ends is one line: its fields must not all become a list.
    quoted = b'"' in text
    fields = list(islice(_unquoted(text), columns + 1)) if quoted else text.split(b",", columns)
    if len(fields) != columns:
        found = sum(1 for _ in _unquoted(text)) if quoted else 1 + text.count(b",")
        message = f"the row has {found:,} columns; {expected}{_explained(text, found)}"
        raise RowError((min(found, columns) + 1, message))
    return fields


def without_quotes(line: bytes) -> bytes:
    """Return a line with all its fields in quotes and no comma in them bare, any other as it is."""
    inner = line[1:-1].replace(b'","', b",")
    all_quoted = line[:1] == line[-1:] == b'"' and line.count(b",") == line.count(b'","')
    return inner if all_quoted and b'"' not in inner else line


def are_names(fields: list[bytes]) -> bool:
    """Whether a line is a header: no field is a number, or they are numbers as pandas's names.

    Which count up, or are a first row's numbers, told apart.
    """
    if not any(map(_NUMBER.fullmatch, fields)) or told_apart(fields) is not None:
        return True
    numbers = [int(field) for field in fields if field.isdigit() and len(field) < 9]
    enough = len(numbers) >= max(len(fields) - 1, _FEWEST_COUNTED)
    return enough and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def told_apart(fields: list[bytes]) -> int | None:
    """Return the place of the first `7.1`, which pandas makes of a second 7 among a table's names.

    Returns None where two fields are equal, for then it made none of them.
    """
    if len(set(fields)) < len(fields):
        return None
    second = (place for place, field in enumerate(fields) if field.endswith(b".1"))
    return next((place for place in second if fields[place][:-2] in fields[:place]), None)


def shown(field: bytes) -> str:
    """Return a number as it stands, anything else in quotes and, where it is long, shortened."""
    text = field.decode(errors="replace")
    return text if re.fullmatch(r"0|[1-9][0-9]{0,9}", text) else reprlib.repr(text)


def _unquoted(text: bytes) -> Iterator[bytes]:
    place = 0
    for column in count(1):
        match = _FIELD.match(text, place)
        if not match:
            message = (
                f"{shown(text[place:])} has a quote out of place; expected them around a field"
            )
            raise RowError((column, message))
        quoted, plain, comma = match.groups()
        yield plain if quoted is None else quoted.replace(b'""', b'"')
        if not comma:
            return
        place = match.end()


def _explained(text: bytes, found: int) -> str:
    """Return what so many columns would be the right number for."""
    if text.startswith((b",", b'"",', b"Unnamed: 0,")):
        return "; the first has no name, as pandas's row numbers, which `index=False` leaves out"
    for separator in ";", "\t":
        if found == 1 and separator.encode() in text:
            return f"; {separator!r} separates them, only a comma may"
    for channels in 1, 3:
        side = isqrt((found - 1) // channels)
        if side >= _SMALLEST_SIDE and side * side * channels == found - 1:
            return f"; {found:,} columns would be {side}×{side}×{channels} plus a label"
    return ""
