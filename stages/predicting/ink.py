"""What is written on a page, whatever light falls on it and whatever lies beside it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from predicting.refusal import RefusedError

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int_]

LARGEST = 256  # pixels; a larger picture is reduced first, which also averages its noise
FAINTEST = 16  # grey levels of 256; a picture of less contrast is taken for empty
DARK = 16  # levels, added to a page's, so that noise on black does not stand out


def ink(picture: Image.Image, path: Path) -> Floats:
    """Return how far each pixel is from the page under it, and 0 where nothing is written.

    That is measured in the channel in which something stands out most, darker or lighter. What is
    written has a larger box than the holes that it surrounds, and more contrast than a shadow. What
    touches the picture's edge is not part of it. If thin lines are all that joins it to the edge,
    as on ruled paper, they are taken out to find it.
    """
    small = picture.copy()
    small.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    short = min(small.size)
    smooth = small.filter(ImageFilter.BoxBlur(short / 200))
    channels = [(np.asarray(small.convert("L")), np.asarray(smooth.convert("L")))]
    if small.mode == "RGB":
        colours = zip(small.split(), smooth.split(), strict=True)
        channels += [(np.asarray(one), np.asarray(other)) for one, other in colours]
    # Grey has less noise than a colour has, so it is taken if it is about as good.
    peaks = [highest(grounds(levels[::2, ::2]), levels[::2, ::2]) for _, levels in channels]
    peaks[0] *= 1.2
    sharp, levels = channels[peaks.index(max(peaks))]

    both = grounds(levels)
    half = highest(both, levels) / 2
    found: list[tuple[float, Ground, Mask]] = []
    for ground in both:
        for thin in (1, 1 + short // 100, 1 + short // 50):
            contrast = ground.contrast(filled(levels, thin, ground.lighter))
            marks, box = written(contrast > half)
            size = box * float(np.square(contrast).mean(where=marks)) if box else 0
            found.append((size, ground, marks))
    most = max(size for size, *_ in found)
    _, ground, marks = next(each for each in found if each[0] >= 0.7 * most)
    # A mark's soft edge is less than half as dark as it is.
    soft = 1 + short // 50
    around = greatest(np.pad(marks.astype(np.uint8), soft), 2 * soft + 1)
    ink: Floats = ground.depth(sharp) * around
    if ink.max() < FAINTEST:
        raise RefusedError(f"{path}: an empty picture")
    return ink


class Ground:
    """The page below what is written, which is darker than it, or lighter.

    It has the edge's level, if nearly all of the edge has the same. Else it is the picture without
    all that is narrower than a fifth of it: shadows and tables are wider, or go on beyond the edge.
    """

    def __init__(self, levels: Pixels, *, lighter: bool) -> None:
        self.lighter = lighter
        short = min(levels.shape)
        edge = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
        level = np.float32(np.median(edge))
        if np.quantile(abs(edge - level), 0.9) < FAINTEST:
            self.page = np.full(levels.shape, level)
        else:
            # Between dark lines there is no light ink.
            page = filled(levels, 1 + short // 50, not lighter)
            self.page = filled(page, 1 + short // 5, lighter).astype(np.float32)

    def depth(self, levels: Pixels) -> Floats:
        """Return the levels' distance from the page, as it were if the page had an even light."""
        depth: Floats = self._distance(levels) * (
            (np.median(self.page) + DARK) / (self.page + DARK)
        )
        return depth

    def contrast(self, levels: Pixels) -> Floats:
        """Return their distance as a share of whichever is lighter, they or the page."""
        distance = self._distance(levels)
        share: Floats = distance / (self.page + DARK + distance * self.lighter)
        return share

    def _distance(self, levels: Pixels) -> Floats:
        distance = levels - self.page if self.lighter else self.page - levels
        # The page is the lightest of noise, or the darkest.
        raised: Floats = (distance - np.median(distance)).clip(0)
        return raised


def grounds(levels: Pixels) -> list[Ground]:
    """Return the page for dark ink and for light ink."""
    return [Ground(levels, lighter=lighter) for lighter in (False, True)]


def highest(both: list[Ground], levels: Pixels) -> float:
    """Return the levels' highest contrast to either page."""
    return max(float(ground.contrast(levels).max()) for ground in both)


def filled(levels: Pixels, side: int, lighter: bool) -> Pixels:
    """Return the levels without what is darker, or lighter, and narrower than so many pixels.

    A closing by a square: the greatest level of each square, and of these the least; an opening
    for what is lighter. Beyond its edge, the picture goes on as it is there.
    """
    flip = np.uint8(255 * lighter)
    padded = np.pad(levels ^ flip, side - 1, mode="edge")
    return ~greatest(~greatest(padded, side), side) ^ flip


def greatest(levels: Pixels, side: int) -> Pixels:
    """Return the greatest level in each square of that side."""
    for _ in range(2):
        reach = 1
        while reach < side:
            more = min(reach, side - reach)
            levels = np.maximum(levels[more:], levels[:-more])
            reach += more
        levels = levels.T
    return levels


def written(mask: Mask) -> tuple[Mask, float]:
    """Return the parts of a mask that belong together, and the area of their box.

    These are the largest that does not touch the edge, all that are about as large, and small ones
    near them. If all touch the edge, it is the whole mask, whose box hardly counts.
    """
    rows, starts, ends, part = parts(mask)
    if not len(rows):
        return mask, 0
    area = np.bincount(part, ends - starts)
    boxes = np.tile([*mask.shape, 0, 0], (len(area), 1))
    for side, places in enumerate((rows, starts)):
        np.minimum.at(boxes[:, side], part, places)
    for side, places in enumerate((rows + 1, ends), start=2):
        np.maximum.at(boxes[:, side], part, places)
    inside = (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2:] < mask.shape).all(axis=1)
    if not inside.any():
        return mask, 1e-9
    area *= inside
    order = np.argsort(-area)
    kept, box = np.zeros(len(area), bool), boxes[order[0]]
    for each in order[area[order] > 0.01 * area.max()]:
        gap = np.maximum(box[:2] - boxes[each, 2:], boxes[each, :2] - box[2:]).max()
        if area[each] > 0.3 * area.max() or gap < 0.25 * (box[2:] - box[:2]).max():
            kept[each] = True
            low, high = np.minimum(box, boxes[each]), np.maximum(box, boxes[each])
            box = np.concatenate([low[:2], high[2:]])
    marks = np.zeros(mask.shape, bool)
    for row, start, end in zip(
        *(places[kept[part]] for places in (rows, starts, ends)), strict=True
    ):
        marks[row, start:end] = True
    return marks, float(np.prod(box[2:] - box[:2]))


def parts(mask: Mask) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return each run of a row's pixels: its row, start and end, and the number of its part.

    Two runs are of the same part if they touch, by a corner too.
    """
    changes = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(changes == 1)
    ends = np.nonzero(changes == -1)[1]
    wide = mask.shape[1] + 2
    first = np.searchsorted(rows * wide + ends, (rows + 1) * wide + starts)
    last = np.searchsorted(rows * wide + starts, (rows + 1) * wide + ends, "right")
    above = list(range(len(rows)))

    def root(run: int) -> int:
        while above[run] != run:
            above[run] = run = above[above[run]]
        return run

    for run in range(len(rows)):
        for below in range(first[run], last[run]):
            above[root(below)] = root(run)
    roots = np.array([root(run) for run in range(len(rows))], int)
    return rows, starts, ends, np.unique(roots, return_inverse=True)[1]
