"""What dataset.json says of the images that the model takes."""

import json
from pathlib import Path
from typing import NamedTuple

from predicting.refusal import WHOLE, RefusedError

FITS = ("digits", "stretch", "pad", "crop")


class Dataset(NamedTuple):
    """The images' (height, width, channels), their classes, and how a table has them."""

    shape: tuple[int, ...]
    names: list[str]
    fit: str
    header: bool
    label: str
    transposed: bool
    inverted: bool


def read_dataset(path: Path) -> Dataset:
    """Return what export wrote. Raises RefusedError for anything else, and OSError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise RefusedError(f"{path}: damaged; {WHOLE}") from None
    try:
        image = content["image"]
        dataset = Dataset(
            tuple(image[side] for side in ("height", "width", "channels")),
            list(content["classes"].values()),
            *(content[name] for name in Dataset._fields[2:]),
        )
    except (KeyError, TypeError, AttributeError):
        raise RefusedError(f"{path}: not what this predict.py reads; {WHOLE}") from None
    kinds = [type(value) for value in (*dataset.shape, *dataset[2:])]
    if (
        kinds != [int, int, int, str, bool, str, bool, bool]
        or not all(isinstance(name, str) for name in dataset.names)
        or min(dataset.shape) < 1
        or dataset.fit not in FITS
    ):
        raise RefusedError(f"{path}: not what this predict.py reads; {WHOLE}")
    return dataset
