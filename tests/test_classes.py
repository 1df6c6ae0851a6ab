"""Rows per class, mean images and examples are those of the rows, and the picture shows them."""

from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import pytest
from matplotlib.image import imread

from preprocessing import storage
from preprocessing.classes import class_picture, first_images, mean_images, rows_per_class
from preprocessing.storage import store
from shared.dataset import Images, Split
from shared.figures import save_png


def test_rows_are_counted_for_every_class_and_split() -> None:
    splits = {"train": np.array([0, 2, 2], np.uint8), "test": np.array([1], np.uint8)}
    table = rows_per_class(splits, ["cat", "dog", "eel"])
    assert table.to_csv(index=False, lineterminator="\n").splitlines() == [
        "class,split,rows",
        "cat,train,1",
        "dog,train,0",
        "eel,train,2",
        "cat,test,0",
        "dog,test,1",
        "eel,test,0",
    ]


def random_split(rows: int, channels: int) -> Split:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (rows, 4, 5, channels), np.uint8)
    return Split(images, random.integers(0, 3, rows).astype(np.uint8))


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_images_are_those_of_all_picked_rows(
    channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_CHUNK_BYTES", 130)  # a few rows
    images, labels = random_split(200, channels)
    mask = np.arange(200) % 7 > 2
    expected = [images[mask & (labels == index)].mean(axis=0).round() for index in range(3)]
    with TemporaryFile() as scratch:
        means = mean_images(store([Split(images, labels)], scratch).where(mask), 4)
    np.testing.assert_array_equal(means[:3], expected)
    assert not means[3].any(), "a class without rows"


def test_first_images_are_in_the_order_of_the_rows_and_filled_up_in_black() -> None:
    images, labels = random_split(40, 1)
    labels[labels == 2] = 0
    labels[[7, 30]] = 2
    found = first_images(Split(images, labels), 3)
    assert found.shape == (3, 10, 4, 5, 1)
    np.testing.assert_array_equal(found[0], images[labels == 0][:10])
    np.testing.assert_array_equal(found[2, :2], images[[7, 30]])
    assert not found[2, 2:].any()


def drawn(path: Path, means: Images, examples: Images, names: list[str]) -> Images:
    """The picture's pixels, uint8 [height, width, red green blue]."""
    save_png(path, class_picture(means, examples, names))
    return (imread(path)[..., :3] * 255).round().astype(np.uint8)


def share(picture: Images, colour: tuple[int, int, int]) -> float:
    return float(np.all(picture == colour, axis=-1).mean())


@pytest.mark.parametrize("side", [8, 28, 200])
def test_the_picture_shows_the_mean_and_every_example_in_its_colour(
    tmp_path: Path, side: int
) -> None:
    image = np.ones((side, side, 3), np.uint8)
    means = image * np.array([[250, 0, 50], [0, 99, 0]], np.uint8)[:, None, None]
    examples = np.stack([image * np.uint8(200), image * np.uint8(100)])[:, None].repeat(9, axis=1)
    picture = drawn(tmp_path / "a.png", means, examples, ["$a^{ costs $", "b"])
    parts = [share(picture, colour) for colour in [(250, 0, 50), (0, 99, 0)]]
    assert min(parts) > 0.015
    for grey in (200, 100):
        assert share(picture, (grey, grey, grey)) == pytest.approx(9 * parts[0], rel=0.1)


def test_of_many_classes_the_first_100_are_shown(tmp_path: Path) -> None:
    means = np.zeros((3000, 8, 8, 1), np.uint8)
    names = [f"class {index}" for index in range(3000)]
    picture = drawn(tmp_path / "a.png", means, means[:, None], names)
    assert 5000 < picture.shape[0] < 6000


def test_the_same_picture_is_the_same_bytes(tmp_path: Path) -> None:
    images, _ = random_split(30, 1)
    for name in ("a.png", "b.png"):
        drawn(tmp_path / name, images[:3], images.reshape(3, 10, 4, 5, 1), ["x", "y", "z"])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
