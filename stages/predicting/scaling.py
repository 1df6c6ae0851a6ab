"""Numbers of any range as bytes, and stored images put right."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from predicting.dataset import Dataset

Pixels = npt.NDArray[np.uint8]


def to_bytes(
    values: npt.NDArray[Any], span: Sequence[float] | None
) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    """Return values as uint8, and which of them fit.

    These are whole numbers from 0 to 255, or numbers in `span`, which are scaled and rounded.
    """
    low, high = span or (0, 255)
    scaled = (values.astype(np.float64) - low) * (255 / (high - low))
    rounded = np.rint(scaled)
    fits = (rounded >= 0) & (rounded <= 255)
    if span is None:
        fits &= rounded == scaled
    return np.where(fits, rounded, 0).astype(np.uint8), fits


def expected(span: Sequence[float] | None) -> str:
    """Return what a pixel should have been."""
    low, high = span or (0, 255)
    return f"is not a pixel value ({low:g} to {high:g})"


def put_right(pixels: Pixels, dataset: Dataset, *, planes: bool = False) -> Pixels:
    """Return the pixels of an image, as they are stored, as [height, width, channels]."""
    rows, columns, channels = dataset.stored
    if planes:
        image = np.moveaxis(pixels.reshape(channels, rows, columns), 0, -1)
    else:
        image = pixels.reshape(rows, columns, channels)
    image = image.swapaxes(0, int(dataset.transposed))
    return ~image if dataset.inverted else image
