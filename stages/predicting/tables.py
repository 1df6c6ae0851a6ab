"""Tables laid out as those of the dataset, with labels or without."""

import csv
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from predicting.dataset import Dataset
from predicting.kinds import opened
from predicting.refusal import RefusedError
from predicting.scaling import Pixels, expected, put_right, to_bytes

VALUES = {str(value) for value in range(256)}
IDS = ("", "index", "unnamed: 0")  # names of columns of numbers, beside all that end in `id`

_NUMBER = re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)? *", re.ASCII | re.IGNORECASE)
_ATTRIBUTE = re.compile(r"@attribute\s+(?:'([^']*)'|\"([^\"]*)\"|(\S+))", re.IGNORECASE)
_LONGEST_FIELD = 1 << 24


class Columns(NamedTuple):
    """How many columns there are, and which, from 0, hold pixels, and which an id."""

    total: int
    pixels: list[int]
    id: int | None = None


def read_images(path: Path, dataset: Dataset) -> Iterator[tuple[str, str | None, Pixels]]:
    """Yield the images of a table that is laid out as those of the dataset, labels or none.

    Each has a source, which is its id, if the header names a column of them, or else file and
    line; and its id, or None.
    """
    columns, empty, above = None, True, 0
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with opened(path) as content, io.TextIOWrapper(content, "utf-8-sig", newline="") as file:
            separator = dataset.layout.separator
            attributes = []
            if ".arff" in (suffix.lower() for suffix in path.suffixes):
                attributes = read_attributes(file, path)
                above = len(attributes)
                columns = named_columns(path, dataset, [name for name in attributes if name])
            lines = (" ".join(line.split()) for line in file) if separator == " " else file
            rows = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
            if dataset.header and not columns:
                columns = named_columns(path, dataset, next(rows, []))
            for fields in rows:
                place = f"{path}:{above + rows.line_num}"
                columns = columns or unnamed_columns(place, dataset, len(fields))
                if len(fields) != columns.total:
                    raise RefusedError(
                        f"{place}: {len(fields)} columns, where the first line has {columns.total}"
                    )
                pixels = as_pixels(fields, columns, dataset, place)
                image = put_right(pixels, dataset, planes=dataset.layout.planes)
                name = None if columns.id is None else fields[columns.id]
                yield place if name is None else name, name, image
                empty = False
    except (UnicodeDecodeError, csv.Error):
        raise RefusedError(f"{path}: not a table of numbers between commas") from None
    if empty:
        raise RefusedError(f"{path}: an empty table")


def read_attributes(file: io.TextIOWrapper, path: Path) -> list[str]:
    """Read an ARFF file up to its data; return an attribute's name, or nothing, for each line."""
    names = []
    for line in iter(file.readline, ""):
        match = _ATTRIBUTE.match(line.strip())
        names.append(next(filter(None, match.groups()), "") if match else "")
        if line.strip().lower() == "@data":
            return names
    raise RefusedError(f"{path}: no @DATA; an ARFF file has it above its rows")


def unnamed_columns(place: str, dataset: Dataset, count: int) -> Columns:
    """Return the columns of a row in a table without a header."""
    size, labels, full = sizes(dataset)
    layout = dataset.layout
    others = [at for at in range(full) if at + 1 not in layout.ignore]
    first = dataset.label == "first" and not layout.one_hot
    label = others[:labels] if first else others[len(others) - labels :]
    for left in (
        range(full),
        [at for at in range(full) if at not in label],
        [at for at in others if at not in label],
    ):
        if len(left) == count:
            pixels = [at for at, was in enumerate(left) if was in others and was not in label]
            return Columns(count, pixels)
    more = f", or {full} with the other columns of the dataset's tables" if full > size else ""
    raise RefusedError(f"{place}: {count} columns, where {size} pixels should be{more}")


def named_columns(path: Path, dataset: Dataset, names: list[str]) -> Columns:
    """Return the columns of a table with such a header."""
    if not names:
        raise RefusedError(f"{path}: an empty table")
    if all(name in VALUES for name in names):
        raise RefusedError(f"{path}:1: numbers, where a header should be")
    layout = dataset.layout
    size, labels, full = sizes(dataset)
    places = range(len(names))
    ignored = [
        at
        for at in places
        if names[at] in layout.ignore or (len(names) == full and at + 1 in layout.ignore)
    ]
    named = labels == 1 and dataset.label in names
    label = names.index(dataset.label) if named else None
    if isinstance(layout.pixels, str):
        if layout.pixels not in names:
            raise RefusedError(f"{path}:1: no column {layout.pixels!r}, which has the pixels")
        ignored = [at for at in places if names[at] not in (layout.pixels, dataset.label)]
    rest = [at for at in places if at not in ignored and at != label]
    more = len(rest) - size
    ids = [at for at in ignored if is_id(names[at])]
    ids = ids or [at for at in rest if is_id(names[at])][: max(more, 0)]
    rest = [at for at in rest if at not in ids[:1]]
    if labels and label is None and len(rest) == size + labels:
        if layout.one_hot or dataset.label == "last":
            rest = rest[:size]
        elif dataset.label == "first":
            rest = rest[1:]
    if len(rest) != size:
        raise RefusedError(
            f"{path}:1: {len(names)} columns, of which {size} should be pixels, and no column has "
            f"the label's name, {dataset.label!r}, or is one of ids"
        )
    return Columns(len(names), rest, ids[0] if ids else None)


def sizes(dataset: Dataset) -> tuple[int, int, int]:
    """Return how many columns of the dataset's own tables hold pixels and labels, and how many are.

    One column may hold all pixels.
    """
    layout = dataset.layout
    size = 1 if layout.pixels is not None else math.prod(dataset.shape)
    labels = layout.one_hot or int(layout.labels)
    return size, labels, size + labels + len(layout.ignore)


def is_id(name: str) -> bool:
    """Return whether a column is likely to hold what tells rows apart."""
    return name.strip().lower() in IDS or name.strip().lower().endswith("id")


def as_pixels(fields: list[str], columns: Columns, dataset: Dataset, place: str) -> Pixels:
    """Return the pixels of a row. Raises RefusedError for what is none."""
    texts = [fields[at] for at in columns.pixels]
    span = dataset.layout.range
    if dataset.layout.pixels is not None:
        texts = texts[0].split()
        if len(texts) != math.prod(dataset.shape):
            raise RefusedError(
                f"{place}: {len(texts)} numbers, where {math.prod(dataset.shape)} pixels should be"
            )
    if span is None and VALUES.issuperset(texts):
        return np.array(texts, np.uint8)
    values = np.array([text if _NUMBER.fullmatch(text) else "nan" for text in texts], np.float64)
    pixels, fits = to_bytes(values, span)
    for wrong in np.flatnonzero(~fits)[:1]:
        column = columns.pixels[wrong if len(columns.pixels) == len(texts) else 0] + 1
        raise RefusedError(f"{place}: column {column}: {texts[wrong][:20]!r} {expected(span)}")
    return pixels
