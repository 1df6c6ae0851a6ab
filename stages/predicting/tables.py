"""Tables laid out as those of the dataset, with labels or without."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from predicting.refusal import RefusedError

Pixels = npt.NDArray[np.uint8]

VALUES = {str(value) for value in range(256)}


def read_images(
    path: Path, dataset: dict[str, Any], shape: tuple[int, ...]
) -> Iterator[tuple[str, Pixels]]:
    """Yield the images of a table that is laid out as those of the dataset, labels or none."""
    size, transposed = math.prod(shape), dataset["transposed"]
    stored = (shape[1], shape[0], shape[2]) if transposed else shape
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            names = next(rows, []) if dataset["header"] else []
            label = label_column(path, dataset, names, size)
            for fields in rows:
                place = f"{path}:{rows.line_num}"
                if len(fields) not in (size, size + 1):
                    raise RefusedError(
                        f"{place}: {len(fields)} columns, where {size} pixels should be, or "
                        f"{size + 1} with the label as the {dataset['label']}"
                    )
                image = as_pixels(fields, label if len(fields) > size else size, place)
                image = image.reshape(stored).swapaxes(0, int(transposed))
                yield place, ~image if dataset["inverted"] else image
    except (UnicodeDecodeError, csv.Error):
        raise RefusedError(f"{path}: not a table of numbers between commas") from None
    if not rows.line_num > bool(names):
        raise RefusedError(f"{path}: an empty table")


def label_column(path: Path, dataset: dict[str, Any], names: list[str], size: int) -> int:
    """Return the label's place, from 0, in a table with such a header or none."""
    if names and all(name in VALUES for name in names):
        raise RefusedError(f"{path}:1: numbers, where a header should be")
    places = {name: place for place, name in enumerate(names)} | {"first": 0, "last": size}
    if len(names) > size and dataset["label"] not in places:
        raise RefusedError(f"{path}:1: no column has the label's name, {dataset['label']!r}")
    return places.get(dataset["label"], size)


def as_pixels(fields: list[str], label: int, place: str) -> Pixels:
    """Return the fields but the label's as numbers."""
    for column, field in enumerate(fields):
        if column != label and field not in VALUES:
            raise RefusedError(
                f"{place}: column {column + 1}: {field[:20]!r} is not a pixel value (0 to 255)"
            )
    return np.array(fields[:label] + fields[label + 1 :], dtype=np.uint8)
