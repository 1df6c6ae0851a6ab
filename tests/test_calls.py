"""A documented call is run as a stranger would run it: elsewhere, and without Keras."""

import ast
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from exporting.calls import CALLS, FormatName, call_outside, call_text
from shared.console import StageError
from shared.dataset import ImageShape

MEANS = "images = None\nprobabilities = images.mean(axis=(1, 2))\n"
IMAGES = np.random.default_rng(0).integers(0, 256, (2003, 2, 3, 2), dtype=np.uint8)


def test_many_images_come_back_as_one_whole(tmp_path: Path) -> None:
    np.testing.assert_allclose(call_outside(MEANS, tmp_path, IMAGES), IMAGES.mean(axis=(1, 2)))


def test_it_runs_in_the_folder_of_the_card(tmp_path: Path) -> None:
    np.save(tmp_path / "weights.npy", np.array([[2, 3]], np.float32))
    call = "import numpy as np\nimages = 0\nprobabilities = np.load('weights.npy')\n"
    np.testing.assert_array_equal(call_outside(call, tmp_path, IMAGES[:1]), [[2, 3]])


@pytest.mark.parametrize("module", ["keras", "exporting", "shared.dataset"])
def test_neither_keras_nor_this_repository_can_be_imported(
    tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", f":stages:{ROOT / 'stages'}")
    with pytest.raises(StageError, match=rf"nothing is exported(?s:.*)import {module}"):
        call_outside(f"import {module}\n{MEANS}", tmp_path, IMAGES[:1])


def test_packages_of_the_user_s_own_folders_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("absolute", "relative"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}_runtime.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}/absolute:relative:{ROOT / 'stages'}")
    call_outside(f"import absolute_runtime, relative_runtime\n{MEANS}", tmp_path, IMAGES[:1])


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_python_for_the_dataset_s_images(name: FormatName) -> None:
    call = call_text(name, ImageShape(height=8, width=9, channels=3))
    ast.parse(call)
    assert "np.zeros((2, 8, 9, 3), np.uint8)" in call
    assert f'"{CALLS[name].file}"' in call
