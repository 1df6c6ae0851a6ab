"""Numbers that tell images apart, as they are and shifted by a pixel."""

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from shared.dataset import Images

Digests = npt.NDArray[np.void]
Hashes = npt.NDArray[np.uint64]
Shift = tuple[int, int]

_DIGEST_BYTES = 16
_SHIFTS: tuple[Shift, ...] = ((0, 1), (1, 0), (1, 1), (1, -1))


def image_digests(images: Images) -> Digests:
    """Return 16 bytes of BLAKE2b an image, [N]: equal digests mean equal images."""
    digests = [
        hashlib.blake2b(image.tobytes(), digest_size=_DIGEST_BYTES).digest() for image in images
    ]
    return np.frombuffer(b"".join(digests), f"V{_DIGEST_BYTES}")


def shifts(shape: tuple[int, ...]) -> list[Shift]:
    """Return the shifts by a pixel, as rows down and columns right, that leave something in sight.

    Of two opposite ones only one: the other is the same with the images exchanged.
    """
    return [(down, right) for down, right in _SHIFTS if down < shape[0] and abs(right) < shape[1]]


def shift_hashes(
    chunks: Iterable[Images], shape: tuple[int, ...], shift: Shift
) -> tuple[Hashes, Hashes]:
    """Return hashes [N] of what of an image stays in sight: where the shift finds and leaves it.

    One image of `shape` shows another shifted if its second hash is the other's first. What the
    shift moves out of sight, and what it uncovers at the opposite border, may be anything. A hash
    is a sum of the pixels, each times a random number, modulo 2^64. Different pixels share one with
    a probability of at most 2^-57: a difference below 256 has at most seven factors of two.
    """
    weights = np.zeros((2, *shape), np.uint64)
    before, after = _in_sight(shape, shift), _in_sight(shape, (-shift[0], -shift[1]))
    size = weights[0][before].shape
    weights[0][before] = np.random.default_rng(0).integers(2**64, size=size, dtype=np.uint64)
    weights[1][after] = weights[0][before]
    columns = weights.reshape(2, -1).T
    hashes = [images.reshape(-1, len(columns)).astype(np.uint64) @ columns for images in chunks]
    both = np.concatenate(hashes).T
    return both[0], both[1]


def _in_sight(shape: tuple[int, ...], shift: Shift) -> tuple[slice, ...]:
    """Return the window of an image that the shift does not move out of sight."""
    return tuple(
        slice(max(-step, 0), size - max(step, 0))
        for step, size in zip(shift, shape, strict=False)  # all channels
    )
