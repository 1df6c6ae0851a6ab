"""Pictures of mistakes."""

import math
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shared.dataset import Images

_CELL = (1.7, 2.1)  # inches: an image and three lines above it


def image_grid(images: Images, captions: list[str], if_empty: str) -> Figure:
    """Return the images [M, height, width, 1 or 3] in a grid, each under its caption.

    With no image the figure says `if_empty`.
    """
    columns = max(math.ceil(math.sqrt(len(images))), 1)
    rows = max(math.ceil(len(images) / columns), 1)
    figure = Figure(figsize=(columns * _CELL[0], rows * _CELL[1]), dpi=100, layout="constrained")
    if not captions:
        figure.set_size_inches(4, 1)
        figure.text(0.5, 0.5, if_empty, ha="center", va="center", parse_math=False)
    for index, (image, caption) in enumerate(zip(images, captions, strict=True)):
        _draw(figure.add_subplot(rows, columns, index + 1), image, caption)
    return figure


def image_rows(rows: Mapping[str, tuple[Images, list[str]]]) -> Figure:
    """Return a row per name: the name, then its images, each under its caption."""
    columns = 1 + max(len(captions) for _, captions in rows.values())
    size = (columns * _CELL[0], len(rows) * _CELL[1])
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, (images, captions)) in zip(grid, rows.items(), strict=True):
        for axes in line:
            axes.set_axis_off()
        line[0].text(0.5, 0.5, name, ha="center", va="center", parse_math=False)
        for axes, image, caption in zip(line[1:], images, captions, strict=False):
            _draw(axes, image, caption)
    return figure


def _draw(axes: Axes, image: Images, caption: str) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)  # all three are ignored for colours
    axes.set_title(caption, fontsize=8, parse_math=False)
    axes.set_axis_off()
