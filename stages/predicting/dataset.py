"""What dataset.json says of the images that the model takes."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from predicting.refusal import WHOLE, RefusedError

FITS = ("digits", "stretch", "pad", "crop")


_AXES = ([*"NP"], [*"HNW"], [*"CHNW"])
_LIMIT = 1 << 40  # what a number of an entry never reaches


class Layout(NamedTuple):
    """How the dataset's files have images and labels, in the words of the dataset's entry.

    Attributes:
        separator: what stands between a table's columns; a blank for one or more of them.
        ignore: columns that are neither label nor pixels, by name or by place from 1.
        pixels: a column that holds all pixels, with blanks between.
        one_hot: how many columns at the end tell the class.
        labels: whether tables have labels at all.
        planes: whether all of a channel's pixels come before the next channel's.
        range: the numbers for black and white.
        axes: the order of an array's image number, height, width and channels, or pixels.
        label_bytes: how many bytes stand before an image, of CIFAR's records.
        image, label: the columns of Parquet.
        suffix: what an index of pictures leaves out of their names.
    """

    separator: str = ","
    ignore: Sequence[str | int] = ()
    pixels: str | int | None = None
    one_hot: int = 0
    labels: bool = True
    planes: bool = False
    range: Sequence[float] | None = None
    axes: str | None = None
    label_bytes: int = 0
    image: str | None = None
    label: str | None = None
    suffix: str = ""


class Dataset(NamedTuple):
    """The images' (height, width, channels), their classes, and how a table has them.

    `names` are the classes', `labels` what the dataset's own tables call them.
    """

    shape: tuple[int, ...]
    names: list[str]
    fit: str
    header: bool
    label: str
    transposed: bool
    inverted: bool
    labels: Sequence[str] = ()
    layout: Layout = Layout()

    @property
    def stored(self) -> tuple[int, ...]:
        """Rows, columns and channels of an image as a table has it."""
        height, width, channels = self.shape
        return (width, height, channels) if self.transposed else self.shape


def read_dataset(path: Path) -> Dataset:
    """Return what export wrote. Raises RefusedError for anything else, and OSError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise RefusedError(f"{path}: damaged; {WHOLE}") from None
    try:
        image, layout = content["image"], content.get("layout", {})
        dataset = Dataset(
            tuple(image[side] for side in ("height", "width", "channels")),
            list(content["classes"].values()),
            **{name: content[name] for name in Dataset._fields[2:7]},
            labels=list(content["classes"]),
            layout=Layout(**layout),
        )
    except (KeyError, TypeError, AttributeError):
        raise RefusedError(f"{path}: not what this predict.py reads; {WHOLE}") from None
    kinds = [type(value) for value in (*dataset.shape, *dataset[2:7])]
    if (
        kinds != [int, int, int, str, bool, str, bool, bool]
        or not all(isinstance(name, str) for name in dataset.names)
        or min(dataset.shape) < 1
        or dataset.fit not in FITS
        or not all(_CHECKS.get(name, _is_text)(value) for name, value in layout.items())
    ):
        raise RefusedError(f"{path}: not what this predict.py reads; {WHOLE}")
    return dataset


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value < 1 << 20


def _is_column(value: Any) -> bool:
    return _is_text(value) or _is_count(value)


def _is_range(value: Any) -> bool:
    numbers = isinstance(value, list) and all(
        type(end) in (int, float) and abs(end) < _LIMIT for end in value
    )
    return numbers and len(value) == len(set(value)) == 2


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "separator": lambda value: value in (",", ";", "\t", " "),
    "ignore": lambda value: isinstance(value, list) and all(map(_is_column, value)),
    "pixels": _is_column,
    "one_hot": _is_count,
    "label_bytes": _is_count,
    "labels": _is_flag,
    "planes": _is_flag,
    "range": _is_range,
    "axes": lambda value: isinstance(value, str) and sorted(value) in _AXES,
}
