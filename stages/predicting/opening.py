"""A picture out of a file that anybody has made: 8 bits a number, the right way up, on paper."""

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from predicting.refusal import RefusedError

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")  # others can start programs
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
ENOUGH = 1 << 22  # pixels of the whole area: what is larger is reduced at once
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
