"""What is odd in the levels of a table is told with the cure."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import pytest

from preprocessing.brightness import warn_of_brightness
from preprocessing.storage import store
from shared.dataset import Dataset, Images, Split

DIGITS = np.zeros((40, 28, 28, 1), np.uint8)
DIGITS[:, 4:24, 12:16] = 255
TABLE = {"rows": 40, "sha256": "0" * 64}
TEXTS = dict.fromkeys(("name", "title", "provenance", "homepage", "licence"), "test")


def said(images: Images, caplog: pytest.LogCaptureFixture, **layout: Any) -> list[str]:
    """What is logged of a table with these pixels."""
    shape = {"height": 28, "width": 28, "channels": images.shape[3]}
    described = {"image": shape, "classes": {"0": "a", "1": "b"}, "train": TABLE, "test": TABLE}
    dataset = Dataset.model_validate(TEXTS | described | layout)
    with TemporaryFile() as scratch:
        split = Split(dataset.put_right(images), np.zeros(len(images), np.uint8))
        warn_of_brightness(Path("train"), store([split], scratch), dataset)
    return caplog.messages


@pytest.mark.parametrize("highest", [1, 16])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_table_of_few_levels_is_told_with_its_range(
    caplog: pytest.LogCaptureFixture, highest: int, inverted: bool
) -> None:
    few = np.minimum(DIGITS, highest)
    (line,) = said(highest - few if inverted else few, caplog, inverted=inverted)
    assert line.startswith(f"train: the pixels are from 0 to {highest}, but black is 0")
    assert f"`range: [0, {highest}]`" in line


@pytest.mark.parametrize("inverted", [False, True])
def test_dark_digits_on_light_are_told_with_the_cure(
    caplog: pytest.LogCaptureFixture, inverted: bool
) -> None:
    (line,) = said(DIGITS if inverted else 255 - DIGITS, caplog, inverted=inverted)
    assert line.startswith("train: most images are dark on light, and predict.py ")
    assert f"`inverted: {str(not inverted).lower()}`" in line


@pytest.mark.parametrize(
    ("images", "layout"),
    [
        (DIGITS, {}),
        (255 - DIGITS, {"inverted": True}),
        (255 - DIGITS, {"fit": "stretch"}),
        ((255 - DIGITS).repeat(3, axis=3), {}),
        (np.concatenate([DIGITS[:20], 255 - DIGITS[20:]]), {}),
    ],
)
def test_nothing_is_said_of_other_images(
    caplog: pytest.LogCaptureFixture, images: Images, layout: dict[str, Any]
) -> None:
    assert said(images, caplog, **layout) == []
