"""Pictures of mistakes, each drawn in one axes: an axes an image takes ten times as long."""

import math
from collections.abc import Sequence

from shared.dataset import Images
from shared.figures import Axes, Figure

_MOST_ROWS = 100
_CELL = (1.7, 2.1)  # inches: an image and three lines above it
_IMAGE = (1.5, 1.5)  # inches: the most that an image takes of it


def image_grid(images: Images, captions: list[str], if_empty: str) -> Figure:
    """Return the images [M, height, width, 1 or 3] in a grid, each under its caption.

    With no image the figure says `if_empty`.
    """
    columns = max(math.ceil(math.sqrt(len(images))), 1)
    figure, axes = _cells(columns, max(math.ceil(len(images) / columns), 1))
    if not captions:
        figure.set_size_inches(4, 1)
        axes.text(0.5, 0.5, if_empty, ha="center", va="center", parse_math=False)
    for index, (image, caption) in enumerate(zip(images, captions, strict=True)):
        _draw(axes, index % columns, index // columns, image, caption)
    return figure


def image_rows(rows: Sequence[tuple[str, tuple[Images, list[str]]]]) -> Figure:
    """Return a row per name: the name, then its images, each under its caption.

    Of many names only 100 are shown, first those that have images.
    """
    if len(rows) > _MOST_ROWS:
        rows = sorted(rows, key=lambda row: not row[1][1])[:_MOST_ROWS]
    figure, axes = _cells(1 + max(len(captions) for _, (_, captions) in rows), len(rows))
    for row, (name, (images, captions)) in enumerate(rows):
        axes.text(0.5, row + 0.6, name, ha="center", va="center", parse_math=False)
        for column, (image, caption) in enumerate(zip(images, captions, strict=True), start=1):
            _draw(axes, column, row, image, caption)
    return figure


def _cells(columns: int, rows: int) -> tuple[Figure, Axes]:
    """Return an empty figure and its axes, in which a cell is 1 wide and 1 high; rows run down."""
    figure = Figure(figsize=(columns * _CELL[0], rows * _CELL[1]), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, columns), ylim=(rows, 0))
    axes.set_axis_off()
    return figure, axes


def _draw(axes: Axes, column: int, row: int, image: Images, caption: str) -> None:
    """Draw an image at the bottom of a cell, in its own proportions, and its caption above it."""
    height, width = image.shape[:2]
    inches = min(_IMAGE[0] / width, _IMAGE[1] / height)  # of a pixel
    across, down = width * inches / _CELL[0], height * inches / _CELL[1]
    left, bottom = column + (1 - across) / 2, row + 0.97
    # The colour map and its limits are ignored for colours.
    axes.imshow(
        image,
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=(left, left + across, bottom, bottom - down),
        aspect="auto",
    )
    place = (column + 0.5, bottom - down - 0.02)
    axes.text(*place, caption, fontsize=8, ha="center", va="bottom", parse_math=False)
