"""A fixed set of things that happen to images on their way to a classifier, at three strengths.

After Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", 2019, with strengths that a reader of small images still copes with. Lengths are
parts of the image's size, so the set means the same for any size.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from shared.dataset import Images

Floats = npt.NDArray[np.floating]
Random = np.random.Generator


class Corruption(NamedTuple):
    """How to change pixels [N, height, width, channels] from 0 to 255, and the strengths."""

    change: Callable[[Floats, float, Random], Floats]
    strengths: tuple[float, ...]

    def __call__(self, images: Images, level: int, random: Random) -> Images:
        """Return the images corrupted, at the `level` 1, 2, …, by what is drawn from `random`."""
        changed = self.change(images.astype(np.float32), self.strengths[level - 1], random)
        return changed.clip(0, 255).round().astype(np.uint8)


def shift(images: Floats, strength: float, random: Random) -> Floats:
    """Move each image by a part of its size, in a direction of its own."""
    angles = random.uniform(0, 2 * np.pi, len(images))
    directions = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    distance = strength * np.array(images.shape[1:3])
    return _warp(images, np.broadcast_to(np.eye(2), (len(images), 2, 2)), directions * distance)


def rotation(images: Floats, strength: float, random: Random) -> Floats:
    """Turn each image by so many degrees, either way."""
    angles = np.radians(strength) * _either(random, len(images))
    cosines, sines = np.cos(angles), np.sin(angles)
    turns = np.array([[cosines, -sines], [sines, cosines]])
    return _warp(images, np.moveaxis(turns, -1, 0), np.zeros((len(images), 2)))


def scale(images: Floats, strength: float, random: Random) -> Floats:
    """Make what each image shows larger or smaller by the factor 1 + strength."""
    factors = (1 + strength) ** _either(random, len(images))
    return _warp(images, np.eye(2) * factors[:, None, None], np.zeros((len(images), 2)))


def noise(images: Floats, strength: float, random: Random) -> Floats:
    """Add Gaussian noise with a standard deviation of so much of the range."""
    return images + 255 * strength * random.standard_normal(images.shape, np.float32)


def blur(images: Floats, strength: float, _: Random) -> Floats:
    """Smooth with a Gaussian whose standard deviation is a part of the image's size."""
    height, width = images.shape[1:3]
    return np.asarray(ndimage.gaussian_filter(images, (0, strength * height, strength * width, 0)))


def occlusion(images: Floats, strength: float, random: Random) -> Floats:
    """Black out a rectangle whose sides are a part of the image's, anywhere in it.

    Cutout: DeVries and Taylor, 2017.
    """
    size = np.array(images.shape[1:3])
    sides = np.ceil(strength * size).astype(int)
    images = images.copy()
    corners = random.integers(0, size - sides + 1, (len(images), 2))
    for image, (top, left) in zip(images, corners, strict=True):
        image[top : top + sides[0], left : left + sides[1]] = 0
    return images


def contrast(images: Floats, strength: float, _: Random) -> Floats:
    """Take so much of each pixel's distance from its image's mean away."""
    means = images.mean(axis=(1, 2), keepdims=True)
    return np.asarray(means + (1 - strength) * (images - means))


def inversion(images: Floats, strength: float, _: Random) -> Floats:
    """Blend with the negative, of which the whole is left at 1 and nothing visible at 0.5."""
    return images + strength * (255 - 2 * images)


CORRUPTIONS = {
    "shift": Corruption(shift, (0.05, 0.1, 0.15)),
    "rotation": Corruption(rotation, (10, 20, 30)),
    "scale": Corruption(scale, (0.15, 0.3, 0.45)),
    "noise": Corruption(noise, (0.1, 0.2, 0.3)),
    "blur": Corruption(blur, (0.02, 0.04, 0.06)),
    "occlusion": Corruption(occlusion, (0.2, 0.3, 0.4)),
    "contrast": Corruption(contrast, (0.4, 0.6, 0.8)),
    "inversion": Corruption(inversion, (0.25, 0.75, 1)),
}


def _either(random: Random, count: int) -> npt.NDArray[np.int_]:
    return random.choice([-1, 1], count)


def _warp(images: Floats, matrices: Floats, shifts: Floats) -> Floats:
    """Map each image about its centre by its matrix [N, 2, 2], then shift it [N, 2], in pixels.

    Bilinear, and 0 comes in from outside, as in the training's augmentation.
    """
    centre = (np.array(images.shape[1:3]) - 1) / 2
    warped = np.empty_like(images)
    for image, target, matrix, by in zip(images, warped, matrices, shifts, strict=True):
        # SciPy asks where a pixel of the result comes from.
        back = np.linalg.inv(matrix)
        origin = centre - back @ (centre + by)
        for channel in range(image.shape[-1]):
            ndimage.affine_transform(
                image[..., channel], back, origin, output=target[..., channel], order=1
            )
    return warped
