"""Rows come back from the archive as they were, and the archive has the same bytes every time."""

import hashlib
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import pytest

from preprocessing import storage
from preprocessing.hashing import image_digests
from preprocessing.storage import Rows, store, write_split
from shared.dataset import Images, Labels, Split, open_split


def random_split(rows: int, channels: int = 1) -> Split:
    random = np.random.default_rng(5)
    images = random.integers(0, 256, (rows, 4, 5, channels), np.uint8)
    return Split(images, random.integers(0, 10, rows).astype(np.uint8))


def stored(images: Images, labels: Labels) -> Rows:
    """Rows that were read in chunks of 7."""
    starts = range(0, len(labels), 7)
    chunks = (Split(images[start : start + 7], labels[start : start + 7]) for start in starts)
    return store(chunks, TemporaryFile())


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(storage, "_CHUNK_BYTES", 130)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("wide", [False, True], ids=["few-classes", "many-classes"])
def test_what_was_stored_is_what_open_split_maps_and_numpy_loads(
    tmp_path: Path, channels: int, *, wide: bool
) -> None:
    images, labels = random_split(50, channels)
    labels = labels.astype(np.uint16) * 100 if wide else labels
    write_split(tmp_path / "a.npz", stored(images, labels))
    mapped = open_split(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as loaded:
        assert list(loaded) == ["images", "labels"]
        for name, expected in (("images", images), ("labels", labels)):
            for found in (loaded[name], getattr(mapped, name)):
                np.testing.assert_array_equal(found, expected, strict=True)
    assert isinstance(mapped.images, np.memmap)


def test_picked_rows_keep_their_order_with_labels_and_digests(tmp_path: Path) -> None:
    images, labels = random_split(50)
    mask = np.random.default_rng(1).random(50) < 0.5
    everything = stored(images, labels)
    for rows, expected in ((everything.where(mask), mask), (everything.where(~mask), ~mask)):
        np.testing.assert_array_equal(rows.digests, image_digests(images[expected]))
        write_split(tmp_path / "a.npz", rows)
        split = open_split(tmp_path / "a.npz")
        np.testing.assert_array_equal(split.images, images[expected])
        np.testing.assert_array_equal(split.labels, labels[expected])


def test_rows_can_be_picked_from_picked_rows() -> None:
    images, labels = random_split(20)
    even = stored(images, labels).where(np.arange(20) % 2 == 0)
    every_fourth = even.where(np.arange(10) % 2 == 0)
    np.testing.assert_array_equal(np.concatenate(list(every_fourth.images())), images[::4])
    np.testing.assert_array_equal(every_fourth.labels, labels[::4])


def test_an_archive_has_the_same_bytes_on_every_machine_and_python(tmp_path: Path) -> None:
    images = np.arange(240, dtype=np.uint8).reshape(6, 4, 5, 2)
    write_split(tmp_path / "a.npz", stored(images, np.arange(6, dtype=np.uint8)))
    digest = hashlib.sha256((tmp_path / "a.npz").read_bytes()).hexdigest()
    assert digest == "839c2998d1c294b39a68db48cd491eccb0f4cf1622880dc8c03139958b91b37d"


def test_images_come_in_chunks() -> None:
    images, labels = random_split(50)
    sizes = [len(chunk) for chunk in stored(images, labels).images()]
    assert sizes == [6] * 8 + [2]
