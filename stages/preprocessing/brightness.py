"""Whether black and white are where training and predict.py take them to be."""

from pathlib import Path

import numpy as np

from preprocessing.storage import Rows
from shared.console import log
from shared.dataset import Dataset

_NARROW = 128  # levels; a table of 8 bits has some pixel in either half
_MOST = 0.75


def warn_of_brightness(table: Path, rows: Rows, dataset: Dataset) -> None:
    """Log that a table's pixels are not from 0 to 255, or that its digits are dark on light.

    An image is dark on light if its border's mean is nearer to its highest than its lowest pixel.
    """
    lowest, highest, light = 255, 0, 0
    for images in rows.images():
        low, high = images.min(axis=(1, 2, 3)), images.max(axis=(1, 2, 3))
        lowest, highest = min(lowest, int(low.min())), max(highest, int(high.max()))
        sides = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
        border = np.concatenate(sides, axis=1).mean(axis=(1, 2))
        light += int(np.count_nonzero(border - low > high - border))
    if highest - lowest < _NARROW:
        found = (255 - highest, 255 - lowest) if dataset.inverted else (lowest, highest)
        log.warning(
            "%s: the pixels are from %d to %d, but black is 0 and white is 255: say `range: [%d, "
            "%d]` in a source of kind own, or scale them",
            table,
            *found * 2,
        )
    if dataset.fitting == "digits" and light > _MOST * rows.labels.size:
        log.warning(
            "%s: most images are dark on light, and predict.py shows the model light on dark: say "
            "`inverted: %s` in the dataset's entry, or another `fit`",
            table,
            str(not dataset.inverted).lower(),
        )
