import json
from pathlib import Path

import numpy as np
import pytest

from shared.console import StageError
from shared.dataset import load_dataset, open_split


def test_arrays_are_mapped_not_loaded_and_equal_numpy_s(tmp_path: Path) -> None:
    path = tmp_path / "train.npz"
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 4, 3), dtype=np.uint8)
    labels = np.arange(7, dtype=np.uint16)
    np.savez(path, images=images, labels=labels)
    split = open_split(path)
    assert isinstance(split.images, np.memmap)
    np.testing.assert_array_equal(split.images, images)
    np.testing.assert_array_equal(split.labels, labels)
    assert split.labels.dtype == np.uint16
    with pytest.raises(ValueError, match="read-only"):
        split.images[0] = 0


def test_what_preprocess_did_not_write_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "train.npz"
    with pytest.raises(StageError, match=r"train\.npz: no such file"):
        open_split(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(StageError, match=r"train\.npz: not a prepared split"):
        open_split(path)
    np.savez(path, pictures=np.zeros(3))
    with pytest.raises(StageError, match=r"images\.npy"):
        open_split(path)
    np.savez_compressed(path, images=np.zeros(3, np.uint8), labels=np.zeros(3, np.uint8))
    with pytest.raises(StageError, match="compressed"):
        open_split(path)


def test_what_cannot_be_opened_is_not_said_to_be_damaged(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        open_split(tmp_path)


def test_a_pickle_in_the_archive_is_refused_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "train.npz"
    np.savez(path, images=np.array([{"a": 1}], object), labels=np.zeros(1, np.uint8))
    with pytest.raises(StageError, match=r"train\.npz: .*images\.npy holds object, not unsigned"):
        open_split(path)


def test_a_damaged_archive_is_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "train.npz"
    np.savez(path, images=np.zeros((2, 2, 2, 1), np.uint8), labels=np.zeros(2, np.uint8))
    whole, refused = path.read_bytes(), 0
    random = np.random.default_rng(0)
    for place, value in random.integers(0, [len(whole), 256], (3000, 2)):
        path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
        try:
            open_split(path)
        except StageError:
            refused += 1
    assert refused > 300


def dataset_file(folder: Path, classes: dict[str, str]) -> Path:
    path = folder / "dataset.json"
    table = {"rows": 1, "sha256": "0" * 64}
    text = dict.fromkeys(("title", "provenance", "homepage", "licence"), "")
    image = {"height": 2, "width": 3, "channels": 1}
    entry = {"name": "letters", **text, "image": image, "label": "last", "classes": classes}
    path.write_text(json.dumps({**entry, "train": table, "test": table}))
    return path


def test_classes_keep_the_catalog_s_order(tmp_path: Path) -> None:
    dataset = load_dataset(dataset_file(tmp_path, {"10": "ten", "2": "two"}))
    assert dataset.class_names == ["ten", "two"]
    assert dataset.image.pixels == 6


def test_a_missing_dataset_names_the_stage_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="dvc repro download"):
        load_dataset(tmp_path / "dataset.json")


def test_a_dataset_that_download_did_not_write_is_refused_with_the_cure(tmp_path: Path) -> None:
    twins = dataset_file(tmp_path, {"1": "one", "2": "one"})
    with pytest.raises(StageError, match="not what the download stage writes"):
        load_dataset(twins)
    twins.write_text("{")
    with pytest.raises(StageError, match="dvc repro --force download"):
        load_dataset(twins)
