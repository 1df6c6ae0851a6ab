"""Tables of text: how they are written, and what stands in their columns."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from describing.classes import rank_as_label
from downloading.files import Files
from preprocessing.fields import told_apart, without_quotes
from preprocessing.pixels import parse_pixels
from shared.console import StageError

Texts = npt.NDArray[np.object_]
_Chunk = tuple[list[Texts], npt.NDArray[Any], bool]
"""Rows: the columns that are texts, the others [rows, columns], whether all are whole numbers."""

_HEAD_BYTES = 1 << 23
_HEAD_ROWS = 40
_CELLS = 1 << 24  # of a chunk; pandas takes long for each column of each
_SAMPLE = 800
_BLOCK = 1 << 18  # bytes, of a plain table
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", " ": "blanks"}


class Table(NamedTuple):
    """How a table is written.

    Attributes:
        path: where it is.
        separator: what stands between the columns; "" of a table of one column.
        names: the header's, or None where there is no header.
        mangled: whether the header was the first row, of which pandas made names.
        head: the first rows, as texts.
        begin: how many lines there are before the header or the first row (ARFF).
    """

    path: str
    separator: str
    names: list[str] | None
    mangled: bool
    head: list[list[str]]
    begin: int = 0

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return len(self.names or self.head[0])

    @property
    def layout(self) -> tuple[str, ...]:
        """What tables of the same layout have in common."""
        return (self.separator, *(self.names or map(str, range(self.columns))))

    def name(self, place: int) -> str:
        """Return a column's name, or its place from 1 where it has none of its own."""
        name = self.names[place] if self.names else ""
        return name if name and self.names and self.names.count(name) == 1 else str(place + 1)

    def key(self, place: int) -> str | int:
        """Return what stands for a column in an entry."""
        name = self.name(place)
        return name if self.names and self.names[place] == name else place + 1


def is_number(text: str) -> bool:
    """Return whether a text is a number."""
    return bool(_NUMBER.fullmatch(text))


def open_table(files: Files, path: str) -> Table:
    """Return how a table is written. Raises StageError for one that no reader takes."""
    with files.open(path) as stream:
        head = stream.read(_HEAD_BYTES)
        whole = len(head) < _HEAD_BYTES
    text = _decoded(head, path)
    if not whole:
        text = text[: text.rfind("\n") + 1]
    lines = [line for line in text.splitlines()[: _HEAD_ROWS + 1] if line.strip()]
    if not lines:
        raise StageError(f"{path}: no rows")
    separator = _separator(lines)
    rows = split_lines(lines, separator)
    first, rest = rows[0], rows[1:]
    if rest and all(len(row) == len(first) + 1 and not row[-1].strip() for row in rest):
        raise StageError(
            f"{path}:2: rows end with a {SEPARATORS[separator].removesuffix('s')} that the header "
            f"has not; take it off: sed 's/{separator}$//' FILE > table.csv"
        )
    for number, row in enumerate(rows, 1):
        if len(row) != len(first):
            raise StageError(
                f"{path}:{number}: {len(row)} columns, where the first line has {len(first)}"
            )
    mangled = _is_mangled(first, rest)
    if mangled or _is_header(first, rest):
        if not rest:
            raise StageError(f"{path}: a header, and no rows")
        return Table(path, separator, [name.strip() for name in first], mangled, rest)
    return Table(path, separator, None, False, rows)


def split_lines(lines: Iterable[str], separator: str) -> list[list[str]]:
    """Return the fields of lines."""
    if separator == " ":
        return [line.split() for line in lines]
    delimiter = separator or "\0"
    return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))


def _decoded(head: bytes, path: str) -> str:
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start > len(head) - 4:
            return head[: error.start].decode("utf-8-sig")
        line = 1 + head[: error.start].count(b"\n")
        raise StageError(
            f"{path}:{line}: not UTF-8; if Excel wrote it: iconv -f WINDOWS-1252 -t UTF-8 "
            f"{path.rpartition('/')[2]!r} > table.csv"
        ) from None


def _separator(lines: list[str]) -> str:
    """Return the separator that gives most of the lines the same number of columns, above one."""
    for separator in SEPARATORS:
        counts = [len(row) for row in split_lines(lines[:9], separator)]
        if min(counts) > 1 and max(counts) - min(counts) <= 1:
            return separator
    return ""


def _is_header(first: list[str], rest: list[list[str]]) -> bool:
    """Return whether the first line has names where others have numbers, or counts its columns."""
    below = rest[0] if rest else first
    names = any(
        not is_number(name) and (not name.strip() or is_number(field) or not rest)
        for name, field in zip(first, below, strict=True)
    )
    words_alone = not any(is_number(field) for row in rest for field in row)
    distinct = words_alone and any(rank_as_label(name) for name in first)
    counted = len(first) > 2 and first in (
        [str(n) for n in range(len(first))], [str(n) for n in range(1, len(first) + 1)]
    )  # fmt: skip
    return names or counted or distinct


def _is_mangled(first: list[str], rest: list[list[str]]) -> bool:
    """Return whether pandas made names of a row: 0, 0.1, 0.2, … where rows have whole numbers."""
    wholes = not any("." in field for row in rest for field in row)
    return wholes and told_apart([field.encode() for field in first]) is not None


class _NotPlainError(Exception):
    """Some of a table's numbers are not written as pixels are."""


class Scan:
    """What stands in all of a table's rows: texts whole, of numbers the range and a sample.

    Attributes:
        rows: how many there are.
        texts: the columns that were read as texts, by place.
        numbers: the places of the others.
        low: the least of each of the others.
        high: the greatest.
        whole: whether they are all written as whole numbers.
        sample: numbers [n, numbers] of rows all over the table.
        sampled: which rows these are.
    """

    def __init__(self, files: Files, table: Table, text: set[int]) -> None:
        try:
            self._read(_plain_chunks(files, table, text), table, text)
        except _NotPlainError:
            self._read(_any_chunks(files, table, text), table, text)
        self.sampled = np.array([row for row, _ in self._sample], np.intp)
        self.sample = np.array([numbers for _, numbers in self._sample])

    def _read(self, chunks: Iterator[_Chunk], table: Table, text: set[int]) -> None:
        self.numbers = [place for place in range(table.columns) if place not in text]
        self.rows = 0
        self.whole = True
        self.low = np.full(len(self.numbers), np.inf)
        self.high = np.full(len(self.numbers), -np.inf)
        self._texts: list[list[Texts]] = []
        self._places = sorted(text)
        self._sample: list[tuple[int, npt.NDArray[np.float32]]] = []
        step = 1
        for texts, numbers, whole in chunks:
            self._texts.append(texts)
            self.whole &= whole
            if self.numbers:
                self.low = np.minimum(self.low, numbers.min(axis=0))
                self.high = np.maximum(self.high, numbers.max(axis=0))
            first = -self.rows % step
            for number, row in enumerate(numbers[first::step].astype(np.float32)):
                self._sample.append((self.rows + first + number * step, row))
            while len(self._sample) > _SAMPLE:
                step *= 2
                self._sample = [pair for pair in self._sample if pair[0] % step == 0]
            self.rows += len(numbers)

    @cached_property
    def texts(self) -> dict[int, Texts]:
        """The columns that were read as texts, by place."""
        columns = zip(*self._texts, strict=True)
        return dict(zip(self._places, map(np.concatenate, columns), strict=False))


def _plain_chunks(files: Files, table: Table, text: set[int]) -> Iterator[_Chunk]:
    """Yield the rows of a table whose numbers are pixels from 0 to 255: much faster than pandas.

    Raises _NotPlainError for any other table.
    """
    before = next(place for place in range(table.columns + 1) if place not in text)
    after = len(text) - before
    count, separator = table.columns - len(text), table.separator.encode()
    ends = set(range(before)) | set(range(before + count, table.columns))
    if text != ends or not count or separator in (b"", b" "):
        raise _NotPlainError
    with files.open(table.path) as stream:
        for _ in range(table.begin + (table.names is not None and not table.begin)):
            stream.readline()
        while block := stream.read(_BLOCK) + stream.readline():
            lines = block.removeprefix(b"\xef\xbb\xbf").splitlines()
            if b'"' in block:
                lines = [without_quotes(line) for line in lines]
            cells, edges = [], []
            for line in lines:
                *start, rest = line.split(separator, before)
                middle, *end = rest.rsplit(separator, after) if after else [rest]
                cells.append(middle)
                edges.append([*start, *end])
            values = parse_pixels(b"\n".join([*cells, b""]).replace(separator, b","), count)
            if values is None or any(
                len(row) != len(text) or b'"' in b"".join(row) for row in edges
            ):
                raise _NotPlainError
            try:
                texts = [[field.decode().lstrip(" ") for field in row] for row in edges]
            except UnicodeDecodeError:
                raise _NotPlainError from None
            yield [np.array(column, object) for column in zip(*texts, strict=True)], values, True


def _any_chunks(files: Files, table: Table, text: set[int]) -> Iterator[_Chunk]:
    """Yield the rows of any table. Raises StageError where a number is none."""
    numbers = [place for place in range(table.columns) if place not in text]
    rows = 0
    for chunk in _frames(files, table, text):
        frame = chunk[numbers]
        kinds = np.array([kind.kind for kind in frame.dtypes], str)
        for index in np.flatnonzero(~np.isin(kinds, [*"iuf"]))[:1]:
            raise _no_number(frame.iloc[:, index], rows, table, table.name(numbers[index]))
        rows += len(chunk)
        texts = [chunk[place].to_numpy(object) for place in sorted(text)]
        yield texts, frame.to_numpy(), "f" not in kinds


def _no_number(column: "pd.Series[Any]", rows: int, table: Table, name: str) -> StageError:
    for row, value in enumerate(column, rows + 1):
        if not is_number(str(value)):
            line = row + (table.names is not None) + table.begin
            what = repr(str(value)[:20]) if str(value) else "nothing"
            return StageError(f"{table.path}:{line}: column {name}: {what} is not a number")
    return StageError(f"{table.path}: column {name}: numbers that are too large")


def _frames(files: Files, table: Table, text: set[int]) -> Iterator[pd.DataFrame]:
    blanks = table.separator == " "
    with _from_line(files, table.path, table.begin) as stream:
        reader = pd.read_csv(
            stream,
            sep=r"\s+" if blanks else table.separator or "\0",
            header=None if table.names is None or table.begin else 0,
            names=list(range(table.columns)),
            index_col=False,
            dtype=dict.fromkeys(text, str),
            keep_default_na=False,
            na_filter=False,
            skipinitialspace=not blanks,
            encoding="utf-8-sig",
            low_memory=False,
            chunksize=max(1, _CELLS // table.columns),
        )
        try:
            yield from reader
        except (pd.errors.ParserError, UnicodeDecodeError, ValueError) as error:
            said = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
            raise StageError(f"{table.path}: {said}") from None


@contextmanager
def _from_line(files: Files, path: str, line: int) -> Iterator[IO[bytes]]:
    with files.open(path) as stream:
        for _ in range(line):
            stream.readline()
        yield stream if not line else io.BytesIO(stream.read())
