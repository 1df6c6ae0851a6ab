"""The comparison of an exported model with the one that was evaluated."""

from pathlib import Path

import numpy as np
import pytest

from exporting.parity import TOLERANCE, Parity, check, compare, size_of
from shared.console import StageError

REFERENCE = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], np.float32)
LABELS = np.array([0, 1, 1, 0], np.uint8)


def test_figures_are_accuracy_agreement_and_the_largest_difference() -> None:
    probabilities = REFERENCE.copy()
    probabilities[2] = [0.35, 0.65]
    parity = compare(probabilities, REFERENCE, LABELS, size=123)
    assert parity == Parity(accuracy=0.75, agreement=0.75, largest_difference=0.25, bytes=123)


def test_rounding_is_accepted() -> None:
    check(compare(REFERENCE + TOLERANCE / 2, REFERENCE, LABELS, size=1), Path("model.onnx"))


@pytest.mark.parametrize("difference", [TOLERANCE * 1.2, np.nan])
def test_more_than_rounding_is_refused_by_name(difference: float) -> None:
    probabilities = REFERENCE.copy()
    probabilities[1, 1] += difference
    with pytest.raises(StageError, match=r"^model\.onnx: not exported.*at most 0\.01 is rounding"):
        check(compare(probabilities, REFERENCE, LABELS, size=1), Path("model.onnx"))


def test_the_size_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables/data").write_bytes(b"12345")
    (tmp_path / "model.pb").write_bytes(b"123")
    assert size_of(tmp_path) == 8
    assert size_of(tmp_path / "model.pb") == 3
