import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

from shared.dataset import ImageShape
from shared.files import sha256
from shared.tf import keras
from training.archive import save_model
from training.network import Choices, build

TESTS = Path(__file__).parent


def save(path: Path) -> None:
    keras.utils.set_random_seed(0)
    choices = Choices(width=8, padding="same", pooling="max", activation="relu", dropout=0.1)
    image = ImageShape(height=12, width=12, channels=1)
    save_model(build("compact", image, 4, choices), path)


def test_the_same_weights_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here, there = tmp_path / "here.keras", tmp_path / "there.keras"
    save(here)
    program = "import pathlib, sys, test_archive; test_archive.save(pathlib.Path(sys.argv[1]))"
    environment = os.environ | {"PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent / 'stages'}"}
    subprocess.run([sys.executable, "-c", program, there], env=environment, check=True)
    assert sha256(here) == sha256(there)
    loaded = keras.models.load_model(here)
    assert loaded(np.zeros((3, 12, 12, 1), np.uint8)).shape == (3, 4)
    with zipfile.ZipFile(here) as archive:
        assert b"keras_version" in archive.read("metadata.json")
