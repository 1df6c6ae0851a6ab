"""Random light, sharpness, gaps and noise: what a camera, a pen or a hand does to a picture.

As in training/augmentation.py the host draws and the device applies. What an image gets of each
kind lies between nothing and the most. The kinds follow one after the other, as in AugMix's chains
(Hendrycks et al., 2020).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from shared.tf import tf

Draws = npt.NDArray[np.float32]

# The part of the images that may get anything, and the chance of each kind then.
SHARE, CHANCE = 0.6, 0.35

# The most of each kind at strength 1. Levels are parts of the range from black to white, lengths
# parts of the image's size.
GAP = (0.1, 0.45)  # sides of the rectangle that hides something
BLUR = 0.075  # standard deviation
NOISE = 0.4  # standard deviation
SPECKS = 24  # of 256 pixels, so many white and so many black
LEAST_CONTRAST = 0.2
SLOPE = 0.6  # of light, from the middle to an edge

COLUMNS = 13
# An image's noise has a key of its own; float32 holds whole numbers up to this one.
KEYS = 2**24


def draw(count: int, strength: float, random: np.random.Generator, *, inversion: bool) -> Draws:
    """Return what happens to `count` images, float32 [count, COLUMNS].

    With `inversion` half of those that get other levels are turned from light on dark to dark on
    light.
    """
    chosen = (random.random((6, count)) < CHANCE) & (random.random(count) < SHARE)
    gap, blur, noise, specks, levels, slope = chosen
    sides = random.uniform(*GAP, (2, count)) * strength * gap
    corners = random.random((2, count)) * (1 - sides)
    fill = random.random(count) * (random.random(count) < 0.5)
    contrast = 1 - levels * strength * random.uniform(0, 1 - LEAST_CONTRAST, count)
    darkest = random.uniform(0, 1 - contrast)
    if inversion:
        inverted = levels & (random.random(count) < 0.5)
        darkest = np.where(inverted, darkest + contrast, darkest)
        contrast = np.where(inverted, -contrast, contrast)
    slopes = random.uniform(-SLOPE, SLOPE, (2, count)) * strength * slope
    columns = [
        *corners,
        *(corners + sides),
        255 * fill,
        random.uniform(0, BLUR, count) * strength * blur,
        random.uniform(0, 255 * NOISE, count) * strength * noise,
        random.integers(0, SPECKS, count, endpoint=True) * strength * specks,
        255 * darkest,
        contrast,
        *(255 * slopes),
        random.integers(0, KEYS, count),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def apply_draws(images: Any, draws: Any) -> Any:
    """Return `images` (uint8 [N, H, W, C]), each after what was drawn for it [N, COLUMNS]."""
    height, width = images.shape[1:3]
    top, left, bottom, right, fill, blur, noise, specks, darkest, contrast, down, across, key = (
        tf.unstack(draws[:, None, None, None], axis=-1)
    )
    y = (tf.range(height, dtype=tf.float32)[:, None, None] + 0.5) / height
    x = (tf.range(width, dtype=tf.float32)[:, None] + 0.5) / width
    pixels = tf.cast(images, tf.float32)
    hidden = (y > top) & (y < bottom), (x > left) & (x < right)
    pixels = tf.where(hidden[0] & hidden[1], fill, pixels)
    along_y = _blurring(blur, height)
    along_x = along_y if width == height else _blurring(blur, width)
    planes = tf.transpose(pixels, [0, 3, 1, 2])
    planes = tf.matmul(tf.matmul(along_y, planes), along_x, transpose_b=True)
    pixels = tf.transpose(planes, [0, 2, 3, 1])
    bits = _bits(key, images.shape[1:])
    # The sum of two uniform numbers has a triangular distribution: of 12 bits each, this deviation.
    noise *= contrast * np.sqrt(6) / 4096
    light = darkest - 4095 * noise + down * (2 * y - 1) + across * (2 * x - 1)
    pixels = contrast * pixels + noise * _sum_of_two(bits) + light
    byte = tf.cast(tf.bitwise.right_shift(bits, np.uint32(24)), tf.float32)
    pixels = tf.where(byte < specks, 0.0, tf.where(byte > 255 - specks, 255.0, pixels))
    return tf.cast(tf.round(tf.clip_by_value(pixels, 0.0, 255.0)), tf.uint8)


def _blurring(deviation: Any, size: int) -> Any:
    """Return the matrices [N, 1, size, size] that smooth along an axis, by parts of its size."""
    places = np.arange(size, dtype=np.float32)
    squares = np.square(places[:, None] - places)
    weights = tf.exp(-squares / (2 * tf.square(tf.maximum(deviation * size, 0.1))))
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)


def _bits(key: Any, shape: tuple[int, ...]) -> Any:
    """Return random bits, uint32 [N, *shape], that depend on the image's key and the place alone.

    Whole numbers are the same on every device and with XLA, unlike TensorFlow's random floats.
    What mixes them is the end of MurmurHash3 (Appleby, 2011).
    """
    places = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape)
    bits = tf.cast(tf.cast(key, tf.int32), tf.uint32) * 0x9E3779B1 + places * np.uint32(0x85EBCA77)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = tf.bitwise.bitwise_xor(bits, tf.bitwise.right_shift(bits, np.uint32(shift))) * factor
    return tf.bitwise.bitwise_xor(bits, tf.bitwise.right_shift(bits, np.uint32(16)))


def _sum_of_two(bits: Any) -> Any:
    """Return the sum of the lowest 12 bits and the next 12, as floats."""
    low = tf.bitwise.bitwise_and(bits, np.uint32(0xFFF))
    high = tf.bitwise.bitwise_and(tf.bitwise.right_shift(bits, np.uint32(12)), np.uint32(0xFFF))
    return tf.cast(low + high, tf.float32)
