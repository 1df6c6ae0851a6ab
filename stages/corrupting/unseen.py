"""Corruptions that no augmentation of the training imitates, at one strength each.

The kinds are those of Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", 2019,
and of Hendrycks and Dietterich. Lengths are parts of the image's size.
"""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from corrupting.corruptions import Corruption, Floats, Random


def stripes(images: Floats, strength: float, random: Random) -> Floats:
    """Lay four light bars over each image, in a direction of its own, each as wide as its gaps."""
    places = _along(images, random.uniform(0, np.pi, len(images)))
    phases = random.uniform(0, 1, (len(images), 1, 1))
    bars = np.floor(8 * (places + phases)) % 2
    return images + 255 * strength * bars[..., None]


def fog(images: Floats, strength: float, random: Random) -> Floats:
    """Blend with clouds of four sizes, so dense on average."""
    clouds = np.zeros(images.shape[:3])
    for octave in range(1, 5):
        clouds += _smooth(random, images, 2.0**-octave) * 2.0**-octave
    low, high = (edge(clouds, axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
    density = strength * 2 * ((clouds - low) / (high - low))[..., None].clip(0, 0.5 / strength)
    return np.asarray(images * (1 - density) + 255 * density)


def spatter(images: Floats, strength: float, random: Random) -> Floats:
    """Cover so much of each image's area with drops, light or dark."""
    field = _smooth(random, images, 0.03)
    drops = field > np.quantile(field, 1 - strength, axis=(1, 2), keepdims=True)
    colours = random.uniform(0, 255, (len(images), 1, 1, 1)).astype(np.float32)
    return np.where(drops[..., None], colours, images)


def lines(images: Floats, strength: float, random: Random) -> Floats:
    """Draw two white lines of such a width across each image."""
    for _ in range(2):
        places = _along(images, random.uniform(0, np.pi, len(images)))
        offsets = random.uniform(-0.3, 0.3, (len(images), 1, 1))
        images = np.where((abs(places - offsets) < strength / 2)[..., None], 255, images)
    return images


def motion_blur(images: Floats, strength: float, random: Random) -> Floats:
    """Smear each image along a line of such a length, in a direction of its own."""
    height, width = images.shape[1:3]
    length = strength * max(height, width)
    margin = int(np.ceil(length))
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
    angles = random.uniform(0, np.pi, (len(images), 1, 1))
    down = np.fft.fftfreq(padded.shape[1])[:, None]
    across = np.fft.rfftfreq(padded.shape[2])
    # The spectrum of a line.
    passed = np.sinc(length * (np.sin(angles) * down + np.cos(angles) * across))[..., None]
    spectrum = np.fft.rfft2(padded, axes=(1, 2)) * passed
    smeared = np.fft.irfft2(spectrum, s=padded.shape[1:3], axes=(1, 2))
    return np.asarray(smeared[:, margin:-margin, margin:-margin])


def jpeg(images: Floats, strength: float, _: Random) -> Floats:
    """Save and read each image as JPEG, at a quality of so many of 100."""
    read = np.empty_like(images)
    for image, target in zip(images.astype(np.uint8), read, strict=True):
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, "jpeg", quality=int(strength))
        target[:] = np.asarray(Image.open(file)).reshape(image.shape)
    return read


def resolution(images: Floats, strength: float, _: Random) -> Floats:
    """Show each image in fewer pixels: their number along an axis is such a part of what it was."""
    for axis in (1, 2):
        size = images.shape[axis]
        edges = np.arange(size + 1) / size * max(1, round(strength * size))
        blocks = np.arange(np.ceil(edges[-1]))[:, None]
        share = (np.minimum(edges[1:], blocks + 1) - np.maximum(edges[:-1], blocks)).clip(0)
        back = (share / share.sum(axis=0)).T @ (share / share.sum(axis=1, keepdims=True))
        images = np.moveaxis(np.tensordot(back, images, (1, axis)), 0, axis)
    return images


UNSEEN = {
    "stripes": Corruption(stripes, (0.4,)),
    "fog": Corruption(fog, (0.5,)),
    "spatter": Corruption(spatter, (0.1,)),
    "lines": Corruption(lines, (0.06,)),
    "motion blur": Corruption(motion_blur, (0.25,)),
    "jpeg": Corruption(jpeg, (10,)),
    "resolution": Corruption(resolution, (0.4,)),
}


def _along(images: Floats, angles: Floats) -> Floats:
    """Return how far each pixel lies from the middle in each image's direction: [N, H, W]."""
    height, width = images.shape[1:3]
    y, x = np.mgrid[:height, :width]
    y, x = (y + 0.5) / height - 0.5, (x + 0.5) / width - 0.5
    angles = angles[:, None, None]
    return np.asarray(np.sin(angles) * y + np.cos(angles) * x)


def _smooth(random: Random, images: Floats, size: float) -> Floats:
    """Return random fields [N, H, W] of deviation 1, smooth over such a part of their size."""
    count, height, width, _ = images.shape
    field = random.standard_normal((count, height, width), np.float32)
    field = ndimage.gaussian_filter(field, (0, size * height, size * width), mode="wrap")
    return np.asarray(field / field.std(axis=(1, 2), keepdims=True))
