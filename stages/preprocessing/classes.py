"""What the classes look like: how many rows each has, its mean image and its first ones."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from preprocessing.storage import Rows
from shared.dataset import Images, Labels, Split
from shared.figures import Figure

_MOST_CLASSES = 100
_FIRST = 10
_CELL_PIXELS = 56
_CELL_INCHES = 0.5


def rows_per_class(splits: Mapping[str, Labels], class_names: Sequence[str]) -> pd.DataFrame:
    """Return a table of class (its name), split (its name) and rows, those with no rows too."""
    counts = {
        name: np.bincount(labels, minlength=len(class_names)) for name, labels in splits.items()
    }
    table = pd.DataFrame(counts, index=pd.Index(class_names, name="class"))
    return table.melt(var_name="split", value_name="rows", ignore_index=False).reset_index()


def mean_images(rows: Rows, classes: int) -> Images:
    """Return the mean image of each class, [K, height, width, channels]; black without rows."""
    sums = np.zeros((classes, *rows.shape), np.uint64)
    start = 0
    for images in rows.images():
        labels = rows.labels[start : start + len(images)]
        start += len(images)
        for index in np.unique(labels):
            sums[index] += images[labels == index].sum(axis=0, dtype=np.uint64)
    counts = np.maximum(np.bincount(rows.labels, minlength=classes), 1)
    return np.rint(sums / counts[:, None, None, None]).astype(np.uint8)


def first_images(split: Split, classes: int) -> Images:
    """Return the first 10 images of each class, [K, 10, height, width, channels].

    A class that has fewer is filled up in black.
    """
    found = np.zeros((classes, _FIRST, *split.images.shape[1:]), np.uint8)
    for index, place in enumerate(found):
        rows = np.flatnonzero(split.labels == index)[:_FIRST]
        place[: rows.size] = split.images[rows]
    return found


def class_picture(means: Images, examples: Images, class_names: Sequence[str]) -> Figure:
    """Return a row a class: its name, its mean [K, height, width, channels] and M examples of it.

    Examples are [K, M, height, width, channels]. Of many classes only the first 100 are shown, and
    of large images every second or third pixel.
    """
    step = max(1, max(means.shape[1:3]) // _CELL_PIXELS)
    names = class_names[:_MOST_CLASSES]
    images = np.concatenate([means[: len(names), None], examples[: len(names)]], axis=1)
    border = [(0, 0), (0, 0), (1, 1), (1, 1), (0, 0)]
    cells = np.pad(images[:, :, ::step, ::step], border, constant_values=255)
    _, columns, height, width, channels = cells.shape
    mosaic = cells.swapaxes(1, 2).reshape(len(names) * height, columns * width, channels)
    size = (columns * _CELL_INCHES + 2, len(names) * _CELL_INCHES * height / width + 0.5)
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(mosaic, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    places = width * np.array([0.5, (columns + 1) / 2])
    axes.set_xticks(places, ["mean", f"first {columns - 1} of train"])
    axes.set_yticks((np.arange(len(names)) + 0.5) * height, names, parse_math=False)
    axes.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure
