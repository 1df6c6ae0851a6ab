"""Hashes are equal where the images are, as they stand or shifted by a pixel, and only there."""

import numpy as np
import pytest

from preprocessing.hashing import image_digests, shift_hashes, shifts
from shared.dataset import Images


def test_one_pixel_of_difference_is_another_image() -> None:
    images = np.full((785, 28, 28, 1), 7, np.uint8)
    images.reshape(785, 784)[np.arange(784), np.arange(784)] += 1
    assert np.unique(image_digests(images)).size == 785


def test_a_digest_takes_16_bytes_and_does_not_change_from_run_to_run() -> None:
    (digest,) = image_digests(np.arange(6, dtype=np.uint8).reshape(1, 2, 3, 1))
    assert digest.tobytes().hex() == "6b0657075841f014ecc188be63e45c62"


def canvas(seed: int) -> Images:
    return np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)


@pytest.mark.parametrize("shift", shifts((6, 7, 3)))
def test_only_an_image_shifted_this_way_has_the_hash(shift: tuple[int, int]) -> None:
    image = canvas(0)[1:7, 1:8]
    moved = np.array(
        [[canvas(0)[1 - y : 7 - y, 1 - x : 8 - x] for x in (-1, 0, 1)] for y in (-1, 0, 1)]
    ).reshape(9, 6, 7, 3)
    before, _ = shift_hashes([image[None]], image.shape, shift)
    _, after = shift_hashes([moved[:4], moved[4:]], image.shape, shift)
    here = 3 * (shift[0] + 1) + shift[1] + 1
    assert np.flatnonzero(after == before).tolist() == [here]
    moved[here, 3, 3, 0] ^= 128
    _, after = shift_hashes([moved], image.shape, shift)
    assert after[here] != before


def test_a_chunk_may_be_empty() -> None:
    images = np.zeros((0, 4, 5, 1), np.uint8)
    assert [hashes.size for hashes in shift_hashes([images], (4, 5, 1), (1, 1))] == [0, 0]


def test_an_image_is_not_shifted_out_of_sight() -> None:
    assert shifts((1, 1, 3)) == []
    assert shifts((1, 8, 1)) == [(0, 1)]
    assert shifts((8, 1, 1)) == [(1, 0)]
    assert len(shifts((2, 2, 1))) == 4
