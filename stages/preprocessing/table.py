r"""The reader of a table of labelled pixels: a CSV without a header, one image a row.

A row is `5,0,0,18,…\n`: label and pixels (0 to 255) as plain numbers, the label first or last, each
line ended by \n, the last too (without it the table may have lost its end). Nothing else is
accepted, and nothing is repaired.
"""

import re
import reprlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from shared.console import StageError
from shared.dataset import Dataset, Images, Split

_CHUNK_BYTES = 1 << 17  # more means more page faults, less more calls: both cost time
_VALUES = {b"%d" % value: value for value in range(256)}


class _RowError(Exception):
    """What is wrong with a row, and in which column (from 1)."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(message)
        self.column = column


def read_table(path: Path, dataset: Dataset, rows: int) -> Iterator[Split]:
    """Yield the table in chunks of whole rows, so that memory does not grow with it.

    Raises StageError for a missing file, for a number of rows other than `rows`, and for the first
    row that is not as it must be, with its place: `train.csv:1207: column 13: …`.
    """
    layout = _Layout(dataset)
    row = 1
    try:
        with path.open("rb") as file:
            while lines := file.readlines(_CHUNK_BYTES):
                yield layout.parse_fast(lines) or _parse_each(layout, lines, path, row)
                row += len(lines)
    except FileNotFoundError:
        raise StageError(f"{path}: no such file; `dvc repro download` makes it") from None
    if row != rows + 1:
        found = f"the table has {row - 1} rows" if row > 1 else "the file is empty"
        raise StageError(f"{path}:{min(row, rows + 1)}: column 1: {found}; expected {rows} rows")


def _parse_each(layout: "_Layout", lines: list[bytes], path: Path, first_row: int) -> Split:
    labels, images = [], []
    for row, line in enumerate(lines, first_row):
        try:
            label, pixels = layout.parse(line)
        except _RowError as error:
            raise StageError(f"{path}:{row}: column {error.column}: {error}") from None
        labels.append(label)
        images.append(pixels)
    return layout.split(np.array(images, np.uint8), np.array(labels))


class _Layout:
    """What a row holds. `parse` defines it; `parse_fast` does the same for many rows at once."""

    def __init__(self, dataset: Dataset) -> None:
        self.shape = (dataset.image.height, dataset.image.width, dataset.image.channels)
        self.columns = dataset.image.pixels + 1
        self.separators = np.frombuffer(b"," * dataset.image.pixels + b"\n", np.uint8)
        self.label_column = 0 if dataset.label == "first" else dataset.image.pixels
        self.classes = {label.encode(): index for index, label in enumerate(dataset.classes)}
        self.label_type = np.min_scalar_type(len(self.classes) - 1)
        self.class_of_value = np.full(len(_VALUES), -1)
        for label, value in _VALUES.items():
            self.class_of_value[value] = self.classes.get(label, -1)

    def split(self, pixels: Images, labels: np.ndarray) -> Split:
        """Return pixels [N, pixels of an image] and class indices [N] in a split's form."""
        return Split(pixels.reshape(-1, *self.shape), labels.astype(self.label_type))

    def parse(self, line: bytes) -> tuple[int, list[int]]:
        """Return the row's class index and pixels. Raises _RowError."""
        fields = self._fields(line)
        label = fields.pop(self.label_column)
        if label not in self.classes:
            known = ", ".join(key.decode() for key in self.classes)
            message = f"{_shown(label)} is not a known label ({known})"
            raise _RowError(self.label_column + 1, message)
        for index, field in enumerate(fields):
            if field not in _VALUES:
                column = index + 1 + (index >= self.label_column)
                raise _RowError(column, f"{_shown(field)} is not a pixel value (0 to 255)")
        return self.classes[label], [_VALUES[field] for field in fields]

    def _fields(self, line: bytes) -> list[bytes]:
        text = line.removesuffix(b"\n")
        fields = text.split(b",")
        expected = f"expected {self.columns} columns (a label and {self.columns - 1} pixels)"
        if text == line:
            found = f"the file ends after {_shown(fields[-1])}"
            raise _RowError(len(fields), rf"{found}, cut off; expected \n at the row's end")
        if text.endswith(b"\r"):
            raise _RowError(len(fields), r"the row ends with \r\n; expected \n alone")
        if not text.strip():
            raise _RowError(1, f"a blank line; {expected}")
        if text.lstrip().startswith(b"#"):
            raise _RowError(1, f"a comment line; {expected}")
        if len(fields) != self.columns:
            column = min(len(fields), self.columns) + 1
            raise _RowError(column, f"the row has {len(fields)} columns; {expected}")
        return fields

    def parse_fast(self, lines: list[bytes]) -> Split | None:
        """Return the rows, or None where any needs `parse` to be read or refused.

        Finds all separators at once, then the digits of all numbers before them.
        """
        text = np.frombuffer(b"".join(lines), np.uint8)
        ends = np.flatnonzero(text < ord("0"))
        if text.max() > ord("9") or ends.size != len(lines) * self.columns:
            return None
        if (text[ends].reshape(-1, self.columns) != self.separators).any():
            return None
        digits = text - np.uint8(ord("0"))
        lengths = np.diff(ends, prepend=-1) - 1
        numbers = digits[ends - 1].astype(np.uint16)
        for place in (2, 3):
            longer = np.flatnonzero(lengths >= place)
            numbers[longer] += digits[ends[longer] - place] * np.uint16(10 ** (place - 1))
        # No digit, a leading zero or a fourth digit: then the number's length is not its value's.
        if numbers.max() > 255 or (lengths != 1 + (numbers > 9) + (numbers > 99)).any():
            return None
        values = numbers.astype(np.uint8).reshape(-1, self.columns)
        labels = self.class_of_value[values[:, self.label_column]]
        if labels.min() < 0:
            return None
        return self.split(np.delete(values, self.label_column, axis=1), labels)


def _shown(field: bytes) -> str:
    """Return a number as it stands, anything else in quotes and, where it is long, shortened."""
    text = field.decode(errors="replace")
    return text if re.fullmatch(r"0|[1-9][0-9]{0,9}", text) else reprlib.repr(text)
