"""Pictures of any size, dark on light or light on dark, as the model takes them."""

import math
import warnings
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from predicting.refusal import RefusedError

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
LARGEST = 400  # pixels; a larger picture is reduced first, which also averages its noise
FAINTEST = 16  # grey levels of 256; a picture of less contrast is taken for empty


def read_picture(path: Path, file: IO[bytes] | None = None) -> Image.Image:
    """Return the picture the right way up, on paper if it is transparent. Raises RefusedError.

    It is read from the open `file`, if there is one, whose name is then `path`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file or path) as opened:
                picture = ImageOps.exif_transpose(opened)
    except UnidentifiedImageError:
        raise RefusedError(f"{path}: neither a picture nor a table (.csv)") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise RefusedError(f"{path}: larger than 89 megapixels; scale it down") from None
    except (OSError, SyntaxError, TypeError, ValueError) as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise RefusedError(f"{path}: a broken picture ({error})") from None
    return on_paper(picture) if picture.has_transparency_data else picture


def on_paper(picture: Image.Image) -> Image.Image:
    """Return a transparent picture on black or white, whichever is further from what it shows."""
    picture = picture.convert("RGBA")
    grey, alpha = (
        np.asarray(band, np.float64) for band in (picture.convert("L"), picture.split()[3])
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
    grey = picture.convert("F")
    if picture.mode.startswith("I;16"):
        grey = grey.point(lambda level: level * (1 / 257))
    if fit == "digits":
        pixels = framed(ink(grey, path), height, width)
    else:
        pixels = np.asarray(scaled(grey, width, height, fit))
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


def ink(grey: Image.Image, path: Path) -> Floats:
    """Return how far each pixel is from the background, towards what differs from it most."""
    grey.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    levels = np.asarray(grey)
    edge = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
    background = float(np.median(edge))
    darker, lighter = background - levels.min(), levels.max() - background
    if max(darker, lighter) < FAINTEST:
        raise RefusedError(f"{path}: an empty picture")
    return (background - levels if darker > lighter else levels - background).clip(0)


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
