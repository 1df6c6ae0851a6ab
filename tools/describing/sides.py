"""An image's sides out of its number of pixels, and what its pixels say of its orientation.

Neighbours in a picture are alike. So of all sides that fit, the right ones are those for which
pixels that would be neighbours differ least.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from describing.finding import Shape

Levels = npt.NDArray[np.float32]

LEAST, MOST = 8, 512
_MOST_OBLONG = 4
_OBLONG = 0.25  # how much is added to the difference for each square more that a side is long
_CLEAR = 1.1  # how much worse the second best has to be
_SCRAMBLED = 1.6  # times the difference of any two pixels, across and down together
_ENOUGH = 300  # images that are looked at
_SPREAD = 32  # levels by which an even border may vary


class Choice(NamedTuple):
    """The shapes that fit, the likeliest first, each with how much neighbours differ in it.

    Where `scrambled`, neighbours differ as much as any two pixels do, and the squarest is first.
    """

    shapes: list[Shape]
    differences: list[float]
    scrambled: bool

    @property
    def clear(self) -> bool:
        """Whether the pixels speak for the first one."""
        alone = len(self.shapes) < 2
        return alone or self.differences[1] > _CLEAR * self.differences[0]


def fitting(pixels: int) -> list[Shape]:
    """Return every shape of an image with so many pixels, square ones first."""
    shapes = []
    for channels in (1, 3):
        area, rest = divmod(pixels, channels)
        for height in range(LEAST, MOST + 1):
            width = area // height
            oblong = max(height, width) > _MOST_OBLONG * min(height, width)
            if rest or height * width != area or not LEAST <= width <= MOST or oblong:
                continue
            shapes.append(Shape(height, width, channels))
            if channels > 1:
                shapes.append(Shape(height, width, channels, planes=True))
    return sorted(shapes, key=lambda shape: abs(shape.height - shape.width))


def is_square(pixels: int) -> bool:
    """Return whether a square image, grey or in colour, has so many pixels."""
    return any(shape.height == shape.width for shape in fitting(pixels))


def choose(levels: Levels) -> Choice:
    """Return the shapes that fit images [n, pixels], the likeliest first."""
    some = levels[:_ENOUGH]
    weighed = []
    for shape in fitting(levels.shape[1]):
        sides = (shape.height, shape.width)
        weight = 1 + _OBLONG * (max(sides) / min(sides) - 1)
        weighed.append((weight * _difference(shaped(some, shape)), shape))
    scrambled = min(weighed)[0] > _SCRAMBLED * _difference_of_any(some)
    if not scrambled:
        weighed.sort(key=lambda pair: pair[0])
    differences, shapes = zip(*weighed, strict=True)
    return Choice([*shapes], [*differences], scrambled)


def shaped(levels: npt.NDArray[Any], shape: Shape) -> npt.NDArray[Any]:
    """Return images [n, pixels] as [n, height, width, channels]."""
    if shape.planes:
        stored = levels.reshape(-1, shape.channels, shape.height, shape.width)
        return stored.transpose(0, 2, 3, 1)
    return levels.reshape(-1, shape.height, shape.width, shape.channels)


def _difference(images: npt.NDArray[Any]) -> float:
    """Return by how much neighbours differ: across, down and, of less weight, between channels."""
    across = np.abs(np.diff(images, axis=2)).mean()
    down = np.abs(np.diff(images, axis=1)).mean()
    channels = np.abs(np.diff(images, axis=3)).mean() if images.shape[3] > 1 else 0
    return float(across + down + channels / 4)


def _difference_of_any(levels: Levels) -> float:
    """Return by how much any two pixels of an image differ, in images [n, pixels]."""
    order = np.random.default_rng(0).permutation(levels.shape[1])
    return float(np.abs(levels - levels[:, order]).mean())


class Look(NamedTuple):
    """What the images [n, height, width, channels] look like.

    Attributes:
        border: the level that most of the border has.
        even: how much of the border is near that level.
        high: how many pixels high what they show is, where the border is even; 0 if it is not.
        wide: how many it is wide.
    """

    border: int
    even: float
    high: float
    wide: float

    @property
    def inverted(self) -> bool:
        """Whether it is dark on a light and even ground."""
        return self.border > 192 and self.even > 0.8

    @property
    def lying(self) -> bool:
        """Whether what they show is wider than high, as writing is that lies on its side."""
        return self.wide > 1.1 * self.high > 0


def look(images: npt.NDArray[Any]) -> Look:
    """Return what the images, levels [n, height, width, channels], look like."""
    grey = images[:_ENOUGH].mean(axis=3)
    border = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], axis=1)
    level = float(np.median(border))
    even = float((np.abs(border - level) < _SPREAD).mean())
    ink = np.abs(grey - level) > 2 * _SPREAD
    if even < 0.8 or images.shape[3] > 1:
        return Look(round(level), even, 0, 0)
    high, wide = (_extent(ink.any(axis=axis)) for axis in (2, 1))
    return Look(round(level), even, high, wide)


def _extent(ink: npt.NDArray[np.bool_]) -> float:
    """Return the mean distance from the first to the last of each row that has any."""
    some = ink[ink.any(axis=1)]
    if not len(some):
        return 0
    last = some.shape[1] - some[:, ::-1].argmax(axis=1)
    return float((last - some.argmax(axis=1)).mean())
