"""The comparison of an exported model with the one that was evaluated."""

from pathlib import Path

import numpy as np
import pytest

from exporting.calls import Probabilities
from exporting.parity import (
    BLANKS,
    INTEGERS,
    PROBES,
    ROUNDING,
    Difference,
    Parity,
    blank_images,
    check,
    compare,
    random_images,
    size_of,
)
from shared.console import StageError

LABELS = np.array([0, 1, 1, 0], np.uint8)
COUNT = len(LABELS)
ROWS = [(1, "test images"), (COUNT, "random images"), (-1, "blank images")]
REFERENCE = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], np.float32)
EVERYTHING = np.concatenate([REFERENCE, np.full((PROBES + BLANKS, 2), 0.5, np.float32)])


def shifted(by: float) -> Probabilities:
    return EVERYTHING + np.float32(by)


def changed(row: int, by: float) -> Probabilities:
    probabilities = EVERYTHING.copy()
    probabilities[row, 0] += by
    return probabilities


def test_figures_are_accuracy_agreement_size_and_differences() -> None:
    probabilities = EVERYTHING.copy()
    probabilities[2] = [0.3, 0.7]
    probabilities[COUNT : COUNT + PROBES, 0] += 0.125
    probabilities[COUNT, 0] += 0.125
    probabilities[-1, 0] += 0.5
    assert compare(probabilities, EVERYTHING, LABELS, size=123) == Parity(
        accuracy=0.75,
        agreement=0.75,
        bytes=123,
        test=Difference(mean=0.075, largest=0.3),
        uncertain=Difference(mean=0.075, largest=0.3),
        random=Difference(mean=0.13, largest=0.25),
        blank=Difference(mean=0.002, largest=0.5),
    )


def test_the_least_certain_images_are_those_of_the_lowest_highest_probability() -> None:
    confidence = np.linspace(0.5, 1, 2 * PROBES, dtype=np.float32)[::-1]
    reference = np.concatenate([np.stack([confidence, 1 - confidence], axis=1), EVERYTHING[COUNT:]])
    probabilities = reference.copy()
    probabilities[:PROBES] += 0.25  # the certain ones
    parity = compare(probabilities, reference, np.zeros(2 * PROBES, np.uint8), size=1)
    assert parity.test.largest == 0.25
    assert parity.uncertain.largest == 0


def test_rounding_is_accepted() -> None:
    parity = compare(shifted(ROUNDING.mean / 2), EVERYTHING, LABELS, size=1)
    check(parity, "onnx", Path("model.onnx"))


@pytest.mark.parametrize("difference", [ROUNDING.largest * 1.2, np.nan])
@pytest.mark.parametrize(("row", "images"), ROWS)
def test_more_than_rounding_is_refused_by_name(difference: float, row: int, images: str) -> None:
    parity = compare(changed(row, difference), EVERYTHING, LABELS, size=1)
    with pytest.raises(
        StageError, match=rf"^model\.onnx: not exported.*on {images} .*at most 0\.01"
    ):
        check(parity, "onnx", Path("model.onnx"))


def test_integers_may_tip_a_few_images_over_but_not_many() -> None:
    few = compare(changed(-1, 0.5), EVERYTHING, LABELS, size=1)
    check(few, "tflite_int8", Path("model_int8.tflite"))
    many = compare(shifted(1.2 * INTEGERS.mean), EVERYTHING, LABELS, size=1)
    with pytest.raises(StageError, match=r"export\.formats without tflite_int8 leaves it out"):
        check(many, "tflite_int8", Path("model_int8.tflite"))


def test_random_images_are_the_same_each_time_and_cover_all_values() -> None:
    like = np.zeros((3, 8, 9, 1), np.uint8)
    images = random_images(like)
    assert images.shape == (PROBES, 8, 9, 1)
    assert len(np.unique(images)) == 256
    np.testing.assert_array_equal(images, random_images(like))


def test_blank_images_are_of_every_grey() -> None:
    images = blank_images(np.zeros((3, 8, 9, 3), np.uint8))
    assert images.shape == (BLANKS, 8, 9, 3)
    assert all((image == grey).all() for grey, image in enumerate(images))


def test_the_size_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables/data").write_bytes(b"12345")
    (tmp_path / "model.pb").write_bytes(b"123")
    assert size_of(tmp_path) == 8
    assert size_of(tmp_path / "model.pb") == 3
