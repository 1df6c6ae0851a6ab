"""The picture of the worst mistakes."""

import math

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
        axes = figure.add_subplot(rows, columns, index + 1)
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)  # all three are ignored for colours
        axes.set_title(caption, fontsize=8, parse_math=False)
        axes.set_axis_off()
    return figure
