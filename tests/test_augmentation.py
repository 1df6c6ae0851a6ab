from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from shared.tf import tf
from training import augmentation
from training.augmentation import Augmentation, apply_changes

SHIFT_DOWN, SHIFT_RIGHT, ROTATION, SHEAR, ZOOM_Y, ZOOM_X = range(6)


def changed(images: Any, kind: int | None = None, amount: float = 0.0) -> Any:
    """The images after one kind of change."""
    changes = np.zeros((len(images), 6), np.float32)
    if kind is not None:
        changes[:, kind] = amount
    return apply_changes(images, changes).numpy()


@pytest.fixture
def noise() -> Any:
    return np.random.default_rng(0).integers(0, 256, (3, 9, 12, 3), dtype=np.uint8)


@pytest.fixture
def blobs() -> Any:
    """Four smooth blobs, off the centre and well inside their images."""
    y, x = np.mgrid[:28, :28]
    blob = 255 * np.exp(-((y - 11) ** 2 / 20 + (x - 15) ** 2 / 8))
    return np.repeat(blob.astype(np.uint8)[None, ..., None], 4, axis=0)


def test_no_change_is_exactly_none(noise: Any) -> None:
    np.testing.assert_array_equal(changed(noise), noise)


def test_a_shift_by_whole_pixels_is_exact_and_brings_in_zeros(noise: Any) -> None:
    down = changed(noise, SHIFT_DOWN, -2.0)
    np.testing.assert_array_equal(down[:, 2:], noise[:, :-2])
    assert not down[:, :2].any()
    left = changed(noise, SHIFT_RIGHT, 1.0)
    np.testing.assert_array_equal(left[:, :, :-1], noise[:, :, 1:])
    assert not left[:, :, -1].any()


def test_a_quarter_turn_is_numpy_s() -> None:
    square = np.random.default_rng(0).integers(0, 256, (2, 10, 10, 1), dtype=np.uint8)
    turned = changed(square, ROTATION, np.pi / 2).astype(int)
    assert np.abs(turned - np.rot90(square, axes=(1, 2)).astype(int)).max() <= 1


@pytest.mark.parametrize("kind", [ZOOM_Y, ZOOM_X])
def test_zoom_scales_its_own_axis_about_the_centre(blobs: Any, kind: int) -> None:
    spread: tuple[list[float], list[float]] = ([], [])
    for amount in (-0.2, 0.0, 0.2):
        picture = changed(blobs, kind, amount)[0, ..., 0].astype(float)
        for axis in (0, 1):
            weights = picture.sum(axis=1 - axis)
            places = np.arange(28)
            mean = (weights * places).sum() / weights.sum()
            spread[axis].append(np.sqrt((weights * (places - mean) ** 2).sum() / weights.sum()))
    zoomed, other = spread[kind - ZOOM_Y], spread[ZOOM_X - kind]
    assert zoomed[0] > 1.1 * zoomed[1] > 1.2 * zoomed[2]
    assert other == pytest.approx([other[1]] * 3, rel=0.01)


def test_shear_slants(blobs: Any) -> None:
    picture = changed(blobs, SHEAR, 0.5)[0, ..., 0].astype(float)
    assert np.abs(picture - blobs[0, ..., 0]).max() > 20


def test_a_flip_mirrors_half_of_the_images_exactly_and_leaves_the_others(blobs: Any) -> None:
    images = np.repeat(blobs, 100, axis=0)
    flip = Augmentation(0.0, horizontal_flip=True)
    moved = apply_changes(images, flip.draw(len(images), np.random.default_rng(0))).numpy()
    mirrored = (moved == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert 150 < mirrored.sum() < 250
    np.testing.assert_array_equal(moved[~mirrored], images[~mirrored])


def test_a_flip_mirrors_the_image_after_its_other_changes(blobs: Any) -> None:
    plain = Augmentation(1.0).draw(4, np.random.default_rng(0))
    flipped = Augmentation(1.0, horizontal_flip=True).draw(4, np.random.default_rng(0))
    mirrored = (plain != flipped).any(axis=1)
    assert 0 < mirrored.sum() < 4
    np.testing.assert_allclose(
        apply_changes(blobs, flipped).numpy()[mirrored].astype(int),
        apply_changes(blobs, plain).numpy()[mirrored][:, :, ::-1],
        atol=1,
    )


def test_sampling_agrees_with_scipy_s_bilinear_interpolation(noise: Any) -> None:
    random = np.random.default_rng(1)
    y = random.uniform(-3, 12, (3, 9, 12)).astype(np.float32)
    x = random.uniform(-3, 15, (3, 9, 12)).astype(np.float32)
    sampled = augmentation._sample(tf.constant(noise), tf.constant(y), tf.constant(x)).numpy()
    for n, channel in np.ndindex(3, 3):
        padded = np.pad(noise[n, ..., channel].astype(float), 5)
        expected = ndimage.map_coordinates(padded, [y[n] + 5, x[n] + 5], order=1)
        np.testing.assert_allclose(sampled[n, ..., channel], expected, atol=0.51)


def test_each_image_has_its_own_changes(blobs: Any) -> None:
    changes = Augmentation(1.0).draw(4, np.random.default_rng(0))
    moved = apply_changes(blobs, changes).numpy()
    assert (moved[0] != moved[1]).any()
    alone = apply_changes(blobs[2:3], changes[2:3]).numpy()
    np.testing.assert_array_equal(moved[2:3], alone)


def test_xla_compiles_it_to_nearly_the_same_pixels(blobs: Any) -> None:
    changes = Augmentation(1.0).draw(4, np.random.default_rng(0))
    compiled = tf.function(apply_changes, jit_compile=True)(blobs, changes).numpy()
    assert np.abs(compiled.astype(int) - apply_changes(blobs, changes).numpy()).max() <= 1
