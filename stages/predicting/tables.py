"""Tables laid out as those of the dataset, with labels or without."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from predicting.dataset import Dataset
from predicting.refusal import RefusedError

Pixels = npt.NDArray[np.uint8]

VALUES = {str(value) for value in range(256)}
IDS = ("", "index", "unnamed: 0")  # names of columns of numbers, beside all that end in `id`


class Columns(NamedTuple):
    """How many columns there are, and which, from 0, hold no pixels."""

    total: int
    id: int | None = None
    label: int | None = None


def read_images(path: Path, dataset: Dataset) -> Iterator[tuple[str, Pixels]]:
    """Yield the images of a table that is laid out as those of the dataset, labels or none.

    Each has a source: its id, if the header names a column of them, or else file and line.
    """
    height, width, channels = dataset.shape
    stored = (width, height, channels) if dataset.transposed else dataset.shape
    columns, empty = None, True
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            if dataset.header:
                columns = named_columns(path, dataset, next(rows, []))
            for fields in rows:
                place = f"{path}:{rows.line_num}"
                found = columns or unnamed_columns(place, dataset, len(fields))
                if len(fields) != found.total:
                    raise RefusedError(
                        f"{place}: {len(fields)} columns, where the header has {found.total}"
                    )
                image = as_pixels(fields, found, place)
                image = image.reshape(stored).swapaxes(0, int(dataset.transposed))
                source = place if found.id is None else fields[found.id]
                yield source, ~image if dataset.inverted else image
                empty = False
    except (UnicodeDecodeError, csv.Error):
        raise RefusedError(f"{path}: not a table of numbers between commas") from None
    if empty:
        raise RefusedError(f"{path}: an empty table")


def unnamed_columns(place: str, dataset: Dataset, count: int) -> Columns:
    """Return the columns of a row in a table without a header."""
    size = math.prod(dataset.shape)
    if count == size:
        return Columns(count)
    if count == size + 1:
        return Columns(count, label=0 if dataset.label == "first" else size)
    raise RefusedError(
        f"{place}: {count} columns, where {size} pixels should be, or "
        f"{size + 1} with the label as the {dataset.label}"
    )


def named_columns(path: Path, dataset: Dataset, names: list[str]) -> Columns:
    """Return the columns of a table with such a header."""
    if not names:
        raise RefusedError(f"{path}: an empty table")
    if all(name in VALUES for name in names):
        raise RefusedError(f"{path}:1: numbers, where a header should be")
    size = math.prod(dataset.shape)
    label = names.index(dataset.label) if dataset.label in names else None
    more = len(names) - size - (label is not None)
    others = [place for place in range(len(names)) if place != label]
    ids = [place for place in others if is_id(names[place])][: max(more, 0)]
    more -= len(ids[:1])
    if more == 1 and label is None and dataset.label in ("first", "last"):
        rest = [place for place in others if place not in ids[:1]]
        label, more = rest[0 if dataset.label == "first" else -1], 0
    if more:
        raise RefusedError(
            f"{path}:1: {len(names)} columns, of which {size} should be pixels, and no column has "
            f"the label's name, {dataset.label!r}, or is one of ids"
        )
    return Columns(len(names), ids[0] if ids else None, label)


def is_id(name: str) -> bool:
    """Return whether a column is likely to hold what tells rows apart."""
    return name.strip().lower() in IDS or name.strip().lower().endswith("id")


def as_pixels(fields: list[str], columns: Columns, place: str) -> Pixels:
    """Return the fields but the label's and the id as numbers."""
    others = (columns.id, columns.label)
    for column, field in enumerate(fields):
        if field not in VALUES and column not in others:
            raise RefusedError(
                f"{place}: column {column + 1}: {field[:20]!r} is not a pixel value (0 to 255)"
            )
    pixels = [field for column, field in enumerate(fields) if column not in others]
    return np.array(pixels, dtype=np.uint8)
