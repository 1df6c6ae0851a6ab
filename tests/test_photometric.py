"""Light, sharpness, gaps and noise, by what each kind alone does to an image."""

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from shared.tf import tf
from training import photometric
from training.augmentation import Augmentation
from training.photometric import apply_draws, draw

NAMES = [
    *("top", "left", "bottom", "right", "fill", "blur", "noise", "specks"),
    *("darkest", "contrast", "down", "across", "key"),
]
NOTHING = {"contrast": 1.0}


def after(images: Any, **kinds: float) -> Any:
    """The images after the kinds that are named, each with the column's number."""
    columns = [(NOTHING | kinds).get(name, 0.0) for name in NAMES]
    draws = np.tile(np.array(columns, np.float32), (len(images), 1))
    draws[:, -1] = np.arange(len(images))
    return apply_draws(images, draws).numpy()


@pytest.fixture
def images() -> Any:
    return np.random.default_rng(0).integers(0, 256, (5, 20, 24, 3), dtype=np.uint8)


@pytest.fixture
def grey() -> Any:
    return np.full((50, 28, 28, 1), 128, np.uint8)


def test_what_is_drawn_as_nothing_changes_nothing(images: Any) -> None:
    np.testing.assert_array_equal(after(images), images)


def test_a_gap_hides_a_rectangle_and_nothing_else(images: Any) -> None:
    hidden = after(images, top=0.25, bottom=0.5, left=0.5, right=0.75, fill=77)
    assert (hidden[:, 5:10, 12:18] == 77).all()
    hidden[:, 5:10, 12:18] = images[:, 5:10, 12:18]
    np.testing.assert_array_equal(hidden, images)


def test_blur_is_a_gaussian_filter(images: Any) -> None:
    expected = ndimage.gaussian_filter(images.astype(float), (0, 1.0, 1.2, 0))
    middle = np.s_[:, 5:-5, 6:-6]  # at the edges SciPy's mirrors
    blurred = after(images, blur=0.05)[middle].astype(float)
    np.testing.assert_allclose(blurred, expected[middle], atol=1)


def test_noise_has_its_deviation_and_is_each_image_s_own(grey: Any) -> None:
    noisy = after(grey, noise=20.0).astype(float)
    assert noisy.mean() == pytest.approx(128, abs=0.5)
    assert noisy.std() == pytest.approx(20, rel=0.02)
    correlations = np.corrcoef(noisy.reshape(50, -1)) - np.eye(50)
    assert np.abs(correlations).max() < 0.2
    for axis in (1, 2):
        steps = np.diff(noisy, axis=axis)
        assert steps.std() == pytest.approx(20 * np.sqrt(2), rel=0.03), "neighbours are unlike"


def test_specks_are_so_many_black_and_so_many_white(grey: Any) -> None:
    specked = after(grey, specks=16)
    for colour, share in ((0, 16 / 256), (255, 16 / 256), (128, 224 / 256)):
        assert (specked == colour).mean() == pytest.approx(share, abs=0.005)


def test_levels_are_those_of_black_and_white(images: Any) -> None:
    pale = after(images, darkest=100, contrast=0.2)
    assert (pale.min(), pale.max()) == (100, 151)
    np.testing.assert_array_equal(after(images, darkest=255, contrast=-1), 255 - images)


def test_uneven_light_rises_to_an_edge(grey: Any) -> None:
    lit = after(grey, down=50.0).astype(int)
    assert lit[0, 0, 0, 0] == 128 - 48
    assert lit[0, -1, 0, 0] == 128 + 48
    assert (np.diff(lit, axis=2) == 0).all()


def test_strength_limits_what_is_drawn() -> None:
    weak, strong = (draw(2000, by, np.random.default_rng(0), inversion=False) for by in (0.5, 1))
    for column, most in ((5, photometric.BLUR), (6, 255 * photometric.NOISE)):
        assert weak[:, column].max() <= most / 2 < strong[:, column].max() <= most
    assert strong[:, 9].min() >= photometric.LEAST_CONTRAST
    brightest = strong[:, 8] + 255 * strong[:, 9]
    assert strong[:, 8].min() >= 0 <= 255.001 - brightest.max()


def test_images_are_inverted_only_where_that_is_asked_for() -> None:
    plain, either = (draw(500, 1.0, np.random.default_rng(0), inversion=on) for on in (False, True))
    assert (plain[:, 9] > 0).all()
    assert 0.05 < (either[:, 9] < 0).mean() < photometric.CHANCE


def test_bits_are_the_same_with_xla_and_pixels_nearly(images: Any) -> None:
    keys = tf.constant([0, 1, photometric.KEYS - 1], tf.float32)[:, None, None, None]
    bits = photometric._bits(keys, (9, 9, 1))
    compiled = tf.function(lambda keys: photometric._bits(keys, (9, 9, 1)), jit_compile=True)
    np.testing.assert_array_equal(compiled(keys), bits)
    everything = Augmentation(1.0, photometric=1.0, inversion=True)
    changes = everything.draw(len(images), np.random.default_rng(0))
    plain = everything.apply(images, changes).numpy().astype(int)
    xla = tf.function(everything.apply, jit_compile=True)(images, changes).numpy()
    assert (np.abs(plain - xla) > 2).mean() < 0.001


def test_an_image_s_changes_do_not_depend_on_the_others(images: Any) -> None:
    """Replicas share a batch."""
    draws = draw(len(images), 1.0, np.random.default_rng(0), inversion=True)
    whole = apply_draws(images, draws).numpy()
    np.testing.assert_array_equal(apply_draws(images[2:], draws[2:]), whole[2:])
