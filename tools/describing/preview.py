"""A picture of the first images of each class, as the model will see them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from shared.dataset import Images, Split

EACH = 3
_MOST_CLASSES = 100
_SIDE = 64  # about; pixels of an image in the picture
_GAP, _TEXT = 4, 14
_ROWS = 20


def first_of_each(table: Iterable[Split], classes: int) -> list[list[Images]]:
    """Return the first images [height, width, channels] of each class; the table is read whole."""
    found: list[list[Images]] = [[] for _ in range(classes)]
    for images, labels in table:
        for label in np.unique(labels):
            missing = EACH - len(found[label])
            if missing > 0:
                found[label] += [image.copy() for image in images[labels == label][:missing]]
    return found


def draw(examples: Sequence[Sequence[Images]], names: Sequence[str], path: Path) -> None:
    """Write the picture: names, and below each its images, of at most 100 classes."""
    examples, names = examples[:_MOST_CLASSES], names[:_MOST_CLASSES]
    height, width, _ = next(image for images in examples for image in images).shape
    scale = max(1, _SIDE // max(height, width))
    height, width = height * scale, width * scale
    columns = -(-len(names) // _ROWS)
    rows = -(-len(names) // columns)
    cell = (EACH * (width + _GAP) + 4 * _GAP, height + _TEXT + 2 * _GAP)
    page = Image.new("RGB", (columns * cell[0], rows * cell[1]), (225, 230, 240))
    pen = ImageDraw.Draw(page)
    for index, (images, name) in enumerate(zip(examples, names, strict=True)):
        left, top = (index // rows) * cell[0] + _GAP, (index % rows) * cell[1]
        pen.text((left, top), name[: max(4, cell[0] // 7)], "black")
        for place, image in enumerate(images):
            shown = Image.fromarray(image.squeeze()).resize(
                (width, height), Image.Resampling.NEAREST
            )
            page.paste(shown, (left + place * (width + _GAP), top + _TEXT))
    page.save(path)
