"""Corruptions, by what happens to a bright spot, to grey and to the size of a change."""

import numpy as np
import pytest

from corrupting.corruptions import CORRUPTIONS
from corrupting.unseen import UNSEEN
from shared.dataset import Images

each_corruption = pytest.mark.parametrize("name", CORRUPTIONS)


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def spot(row: int, column: int) -> Images:
    """100 black images of 41×41 pixels, with a white square of 5×5 around a place."""
    images = np.zeros((100, 41, 41, 1), np.uint8)
    images[:, row - 2 : row + 3, column - 2 : column + 3] = 255
    return images


def centres(images: Images) -> np.ndarray:
    """Each image's centre of mass, in pixels from the middle: float [N, 2]."""
    weights = images[..., 0] / images.sum(axis=(1, 2, 3))[:, None, None]
    along = np.arange(41) - 20
    return np.stack([weights.sum(axis=2) @ along, weights.sum(axis=1) @ along], axis=1)


@each_corruption
def test_each_strength_changes_more_than_the_one_before(name: str) -> None:
    images = np.zeros((50, 28, 28, 1), np.uint8)
    images[:, 6:22, 12:17] = 230
    distances = [
        np.abs(CORRUPTIONS[name](images, level, random()) - images.astype(float)).mean()
        for level in (1, 2, 3)
    ]
    assert 0 < distances[0] < distances[1] < distances[2]


@pytest.mark.parametrize("name", UNSEEN)
def test_every_image_of_an_unseen_kind_is_changed_and_not_beyond_recognition(name: str) -> None:
    images = np.zeros((50, 28, 28, 1), np.uint8)
    images[:, 4:24, 10:13] = images[:, 4:7, 10:20] = 230
    changed = UNSEEN[name](images, 1, random())
    for image, before in zip(changed.astype(float), images, strict=True):
        assert np.abs(image - before).max() > 20
        assert np.corrcoef(image.ravel(), before.ravel())[0, 1] > 0.3


@pytest.mark.parametrize("name", [*CORRUPTIONS, *UNSEEN])
@pytest.mark.parametrize("shape", [(8, 9, 1), (32, 32, 3)])
def test_any_shape_is_kept_and_the_same_numbers_give_the_same_images(
    name: str, shape: tuple[int, ...]
) -> None:
    images = random().integers(0, 256, (7, *shape), dtype=np.uint8)
    before = images.copy()
    level = 2 if name in CORRUPTIONS else 1
    first, second = ((CORRUPTIONS | UNSEEN)[name](images, level, random()) for _ in range(2))
    assert first.shape == images.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(images, before)


def test_shifts_go_everywhere_but_equally_far() -> None:
    moved = centres(CORRUPTIONS["shift"](spot(20, 20), 2, random()))
    np.testing.assert_allclose(np.hypot(*moved.T), 4.1, atol=0.05)
    assert {tuple(signs) for signs in np.sign(moved)} == {(-1, -1), (-1, 1), (1, -1), (1, 1)}


def test_rotations_go_both_ways_about_the_middle() -> None:
    turned = centres(CORRUPTIONS["rotation"](spot(8, 20), 3, random()))
    np.testing.assert_allclose(np.hypot(*turned.T), 12, atol=0.1)
    angles = np.degrees(np.arctan2(turned[:, 1], -turned[:, 0]))
    assert set(angles.round()) == {-30, 30}


def test_scaling_goes_both_ways_about_the_middle() -> None:
    scaled = centres(CORRUPTIONS["scale"](spot(8, 20), 1, random()))
    assert set((scaled[:, 0] / -12).round(2)) == {round(1 / 1.15, 2), 1.15}


def test_noise_has_its_deviation() -> None:
    grey = np.full((20, 28, 28, 1), 128, np.uint8)
    noisy = CORRUPTIONS["noise"](grey, 1, random())
    assert noisy.mean() == pytest.approx(128, abs=1)
    assert noisy.std() == pytest.approx(25.5, abs=1)


def test_blur_keeps_the_sum_and_the_place() -> None:
    blurred = CORRUPTIONS["blur"](spot(15, 22), 1, random())
    np.testing.assert_allclose(centres(blurred), [[-5, 2]] * 100, atol=0.01)
    assert blurred.sum() == pytest.approx(spot(15, 22).sum(), rel=0.01)


def test_occlusion_blacks_out_a_square_and_leaves_the_rest() -> None:
    white = np.full((50, 20, 20, 3), 255, np.uint8)
    hidden = CORRUPTIONS["occlusion"](white, 3, random())
    assert set((hidden == 0).sum(axis=(1, 2, 3)).tolist()) == {8 * 8 * 3}
    assert len({image.tobytes() for image in hidden}) > 10
    assert set(np.unique(hidden)) == {0, 255}


def test_contrast_shrinks_about_the_image_s_own_mean() -> None:
    images = np.array([100, 200], np.uint8).reshape(1, 1, 2, 1)
    assert CORRUPTIONS["contrast"](images, 2, random()).ravel().tolist() == [130, 170]


def test_inversion_ends_at_the_negative() -> None:
    images = np.array([0, 55, 255], np.uint8).reshape(1, 1, 3, 1)
    assert CORRUPTIONS["inversion"](images, 3, random()).ravel().tolist() == [255, 200, 0]


def test_a_motion_blur_is_a_line_as_long_as_said_in_every_direction() -> None:
    dot = np.zeros((100, 41, 41, 1), np.uint8)
    dot[:, 20, 20] = 255
    smeared = UNSEEN["motion blur"].change(dot.astype(float), 0.25, random())[..., 0]
    np.testing.assert_allclose(smeared.sum(axis=(1, 2)), 255, rtol=0.01)
    y, x = np.mgrid[:41, :41] - 20
    moments = [(smeared * product).sum(axis=(1, 2)) / 255 for product in (y * y, x * x, x * y)]
    # Of a line of the length L the variance is L² / 12, all of it in one direction.
    np.testing.assert_allclose(moments[0] + moments[1], (0.25 * 41) ** 2 / 12, rtol=0.1)
    assert moments[0].max() > 2 * moments[1].min()


def test_a_lower_resolution_averages_blocks_that_fit() -> None:
    images = random().integers(0, 256, (3, 10, 10, 1)).astype(float)
    lower = UNSEEN["resolution"].change(images, 0.5, random())
    blocks = images.reshape(3, 5, 2, 5, 2, 1).mean(axis=(2, 4), keepdims=True)
    np.testing.assert_allclose(lower.reshape(3, 5, 2, 5, 2, 1) - blocks, 0, atol=1e-6)
