"""Random changes of images: shift, rotation, zoom, shear and flip, and what photometric.py does.

Those of place are one affine map and one bilinear sampling. The host draws the changes and the
device applies them, so they are the same on every device. The sampling is made of gathers, which
XLA compiles; TensorFlow's ImageProjectiveTransformV3, behind Keras's own layers, it does not.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.tf import tf
from training import photometric

Changes = npt.NDArray[np.float32]

# The largest change of each kind at strength 1: shift down and right in pixels, rotation and shear
# in radians, zoom of height and width as a part of the size.
LARGEST = np.array([2.0, 2.0, 0.17, 0.17, 0.1, 0.1], np.float32)


class Augmentation(NamedTuple):
    """Which changes images may get: `strength` times the largest of place, and mirrored or not.

    `photometric` is the strength of the other kinds, and `inversion` is one of them.
    """

    strength: float
    horizontal_flip: bool = False
    photometric: float = 0.0
    inversion: bool = False

    @property
    def columns(self) -> int:
        """How many numbers tell the changes of an image."""
        return len(LARGEST) + (photometric.COLUMNS if self.photometric > 0 else 0)

    def draw(self, count: int, random: np.random.Generator) -> Changes:
        """Return the changes of `count` images, float32 [count, columns].

        The first six are uniform within the largest. With `horizontal_flip` half of them, at
        random, get a zoom in width below -1: mirrored.
        """
        limits = (-self.strength, self.strength)
        changes = random.uniform(*limits, (count, len(LARGEST))).astype(np.float32) * LARGEST
        if self.horizontal_flip:
            mirrored = random.random(count) < 0.5
            changes[mirrored, -1] = -2 - changes[mirrored, -1]
        if self.photometric > 0:
            more = photometric.draw(count, self.photometric, random, inversion=self.inversion)
            changes = np.concatenate([changes, more], axis=1)
        return changes

    def apply(self, images: Any, changes: Any) -> Any:
        """Return `images` (uint8 [N, H, W, C]), each after its own changes ([N, columns])."""
        if self.strength > 0 or self.horizontal_flip:
            images = apply_changes(images, changes[:, : len(LARGEST)])
        if self.photometric > 0:
            images = photometric.apply_draws(images, changes[:, len(LARGEST) :])
        return images


def apply_changes(images: Any, changes: Any) -> Any:
    """Return `images` (uint8 [N, H, W, C]), each moved by its own changes (float32 [N, 6]).

    What comes from outside the image is 0.
    """
    # Each change [N, 1, 1], against rows and columns counted from the image's centre.
    shift_y, shift_x, rotation, shear, zoom_y, zoom_x = tf.unstack(changes[:, None, None], axis=-1)
    zoom_y, zoom_x = 1 + zoom_y, 1 + zoom_x
    height, width = images.shape[1:3]
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    y = tf.range(height, dtype=tf.float32)[None, :, None] - middle_y
    x = tf.range(width, dtype=tf.float32)[None, None, :] - middle_x
    return _sample(
        images,
        zoom_y * tf.cos(rotation) * y + zoom_x * tf.sin(rotation + shear) * x + shift_y + middle_y,
        zoom_x * tf.cos(rotation + shear) * x - zoom_y * tf.sin(rotation) * y + shift_x + middle_x,
    )


def _sample(images: Any, y: Any, x: Any) -> Any:
    """Return the pixels at `y`, `x` (float32 [N, H, W]), bilinear between the four around them."""
    height, width, channels = images.shape[1:]
    # A border of zeros all around stands for everything outside.
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    y = tf.clip_by_value(y + 1, 0.0, float(height + 1))
    x = tf.clip_by_value(x + 1, 0.0, float(width + 1))
    top = tf.minimum(tf.floor(y), height)
    left = tf.minimum(tf.floor(x), width)
    down, right = (y - top)[..., None], (x - left)[..., None]

    pixels = tf.reshape(padded, [-1, channels])
    row = width + 2
    first = tf.range(tf.shape(images)[0])[:, None, None] * ((height + 2) * row)
    corner = first + tf.cast(top, tf.int32) * row + tf.cast(left, tf.int32)

    def at(offset: int) -> Any:
        return tf.cast(tf.gather(pixels, corner + offset), tf.float32)

    upper = at(0) + (at(1) - at(0)) * right
    lower = at(row) + (at(row + 1) - at(row)) * right
    return tf.cast(tf.round(upper + (lower - upper) * down), tf.uint8)
