"""Pictures of any size, dark on light or light on dark, as the model takes them."""

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageFilter, ImageOps, UnidentifiedImageError

from predicting.refusal import RefusedError

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int_]

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")  # others can start programs
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
LARGEST = 256  # pixels; a larger picture is reduced first, which also averages its noise
ENOUGH = 1 << 22  # pixels, too, but of the whole area: what is larger is reduced at once
FAINTEST = 16  # grey levels of 256; a picture of less contrast is taken for empty
DARK = 16  # levels, added to a page's, so that noise on black does not stand out
WHITES = (1, 255, 65535)  # what numbers that are no bytes may go up to

_OTHERS = {
    b"ftyphei": "a HEIC picture",
    b"ftyphev": "a HEIC picture",
    b"ftypmif1": "a HEIC picture",
    b"ftypavi": "an AVIF picture",
    b"ftyp": "a video",
    b"\xff\x0a": "a JPEG XL picture",
    b"JXL ": "a JPEG XL picture",
    b"jP  ": "a JPEG 2000 picture",
    b"8BPS": "a Photoshop document",
    b"%PDF": "a PDF",
    b"%!PS": "PostScript",
    b"<svg": "an SVG drawing",
    b"<?xml": "an SVG drawing, or other XML",
}


def read_picture(path: Path, file: IO[bytes] | None = None) -> Image.Image:
    """Return the picture as L or RGB: the right way up, on paper if it is transparent.

    It is read from the open `file`, if there is one, whose name is then `path`. A picture of more
    than 4 megapixels is reduced by a whole factor. Raises RefusedError.
    """
    if file is None and path.is_fifo():
        raise RefusedError(f"{path}: a pipe, in which nothing can be sought; name a file")
    try:
        with warnings.catch_warnings(), quiet():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file or path, formats=FORMATS) as opened:
                ImageOps.exif_transpose(opened, in_place=True)
                picture = reduced(as_bytes(opened, path))
                picture.load()
    except RefusedError:
        raise
    except UnidentifiedImageError:
        raise RefusedError(f"{path}: {other_kind(path, file)}") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise RefusedError(f"{path}: larger than 89 megapixels; scale it down") from None
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            raise
        # Of a broken file, Pillow raises whatever comes of it.
        reason = str(error) or type(error).__name__
        raise RefusedError(f"{path}: a broken picture ({reason})") from None
    return on_paper(picture) if picture.mode in ("LA", "RGBA") else picture


@contextmanager
def quiet() -> Iterator[None]:
    """Keep libtiff from writing to standard error what it thinks of a picture."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def other_kind(path: Path, file: IO[bytes] | None) -> str:
    """Return what a file is that is no picture of these formats, and what to do with it."""
    with nullcontext(file) if file else path.open("rb") as opened:
        opened.seek(0)
        start = opened.read(12)
    for mark, kind in _OTHERS.items():
        if start.startswith(mark) or start[4:].startswith(mark):
            return f"{kind}; save it as PNG or JPEG"
    return "neither a picture nor a table (.csv)"


def as_bytes(picture: Image.Image, path: Path) -> Image.Image:
    """Return a picture of any mode as L, LA, RGB or RGBA, which have 8 bits for each number."""
    mode = picture.mode
    if mode in ("I", "F") or mode.startswith("I;16"):
        return numbers_as_bytes(picture, path)
    if mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        into = ImageCms.buildTransform(*profiles, "LAB", "RGB")
        return ImageCms.applyTransform(picture, into) or picture  # None is for `inPlace` alone
    target = "L" if mode in ("1", "L", "LA", "La") else "RGB"
    if picture.has_transparency_data:
        target += "A"
    return picture if mode == target else picture.convert(target)


def numbers_as_bytes(picture: Image.Image, path: Path) -> Image.Image:
    """Return 16 bits, 32 bits or floats as L, or as LA if a level stands for nothing.

    White is 65535 of 16 bits, and else the least of 1, 255 and 65535 that no number exceeds. Where
    there is none, or a negative number, the least number is black, and the greatest white.
    """
    levels = np.asarray(picture)
    low, high = float(levels.min()), float(levels.max())
    if not math.isfinite(high - low):
        raise RefusedError(f"{path}: has a pixel that is no number (NaN or infinite)")
    whites = WHITES[-1:] if levels.dtype.itemsize == 2 else WHITES
    white = next((white for white in whites if low >= 0 and high <= white), None)
    if white is not None:
        low, high = 0, white
    factor = 255 / (high - low or 1)
    grey = np.empty(levels.size, np.uint8)
    for start in range(0, levels.size, ENOUGH):
        part = levels.ravel()[start : start + ENOUGH].astype(np.float64)
        grey[start : start + ENOUGH] = np.rint((part - low) * factor)
    image = Image.fromarray(grey.reshape(levels.shape))
    nothing = picture.info.get("transparency")
    if not isinstance(nothing, int):
        return image
    return Image.merge("LA", (image, Image.fromarray(np.uint8(255) * (levels != nothing))))


def reduced(picture: Image.Image) -> Image.Image:
    """Return a picture whose memory is bounded: what follows makes copies of floats."""
    factor = math.ceil(math.sqrt(picture.width * picture.height / ENOUGH))
    return picture.reduce(factor) if factor > 1 else picture


def on_paper(picture: Image.Image) -> Image.Image:
    """Return a transparent picture on black or white, whichever is further from what it shows."""
    picture = picture.convert("RGBA")
    grey, alpha = (
        np.asarray(band, np.float32) for band in (picture.convert("L"), picture.split()[3])
    )
    bright = (grey * alpha).sum() > 127.5 * alpha.sum()
    paper = Image.new("RGBA", picture.size, "black" if bright else "white")
    return Image.alpha_composite(paper, picture).convert("RGB")


def as_image(picture: Image.Image, path: Path, shape: tuple[int, ...], fit: str) -> Pixels:
    """Return the picture as uint8 [height, width, channels].

    `digits` frames it as MNIST does, and is for grey alone; `stretch` scales both sides, `pad`
    keeps the proportions and fills up with the edge's colour, `crop` keeps them and cuts off.
    """
    height, width, channels = shape
    if channels == 3:
        return np.asarray(scaled(picture.convert("RGB"), width, height, fit))
    if fit == "digits":
        pixels = framed(ink(picture, path), height, width)
    else:
        pixels = np.asarray(scaled(picture.convert("F"), width, height, fit))
    whole: Pixels = np.rint(pixels.clip(0, 255)).astype(np.uint8)
    return whole[..., None]


def scaled(picture: Image.Image, width: int, height: int, fit: str) -> Image.Image:
    """Return the picture in that size; a picture that has it already keeps its pixels."""
    if fit == "crop":
        return ImageOps.fit(picture, (width, height))
    if fit == "pad":
        inner = ImageOps.contain(picture, (width, height))
        levels = np.asarray(picture)
        edge = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
        colour = np.median(edge, axis=0)
        ground = tuple(map(int, colour)) if colour.ndim else float(colour)
        page = Image.new(picture.mode, (width, height), ground)
        page.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
        return page
    return picture.resize((width, height))


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


def shown(picture: Image.Image, path: Path, shape: tuple[int, ...], fit: str) -> Image.Image:
    """Return the picture, what was taken for ink in red, and beside it the model's image."""
    small = picture.convert("RGB")
    small.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    if fit == "digits":
        depth = ink(picture, path)
        small.paste("red", mask=Image.fromarray(depth > depth.max() / 2))
    pixels = as_image(picture, path, shape, fit)
    given = Image.fromarray(pixels if shape[2] == 3 else pixels[..., 0]).convert("RGB")
    sheet = Image.new("RGB", (2 * LARGEST, LARGEST))
    sheet.paste(small)
    sheet.paste(ImageOps.contain(given, (LARGEST, LARGEST), Image.Resampling.NEAREST), (LARGEST, 0))
    return sheet


def framed(ink: Floats, height: int, width: int) -> Floats:
    """Return the ink as MNIST frames a digit, [height, width], at most 255.

    LeCun, Cortes and Burges, "The MNIST database": digits were scaled, their proportions kept, to
    fit into 20×20 pixels, and placed into 28×28 by their centre of mass. What is nearer to the ink
    than to the background counts as the digit, as in MNIST's scans, which knew black and white.
    """
    box = Image.fromarray(ink > ink.max() / 2).getbbox()
    digit = Image.fromarray(ink).crop(box)
    scale = round(min(height, width) * 20 / 28) / max(digit.size)
    across, down = (max(1, round(side * scale)) for side in digit.size)
    small = np.asarray(digit.resize((across, down), Image.Resampling.LANCZOS)).clip(0)
    top = corner(small.sum(axis=1), height)
    left = corner(small.sum(axis=0), width)
    frame = np.zeros((height, width), np.float32)
    frame[top : top + down, left : left + across] = small * (255 / small.max())
    return frame


def corner(mass: Floats, side: int) -> int:
    """Return where a digit begins on an axis, so that its centre of mass is the middle's pixel."""
    centre = float((mass * np.arange(len(mass))).sum() / mass.sum())
    return min(max(math.floor(side / 2 + 0.5 - centre), 0), side - len(mass))
