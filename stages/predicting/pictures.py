"""Pictures of any size, dark on light or light on dark, as the model takes them."""

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from predicting.ink import LARGEST, Floats, Pixels, ink


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
