import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

from shared.files import sha256
from shared.tf import keras

STAGES = Path(__file__).parent.parent / "stages"
SAVE = """
import sys
from pathlib import Path
from shared.dataset import ImageShape
from shared.tf import keras
from training.archive import save_model
from training.network import Choices, build
keras.utils.set_random_seed(0)
image = ImageShape(height=12, width=12, channels=1)
choices = Choices(width=8, padding="same", pooling="max", activation="relu", dropout=0.1)
model = build("compact", image, 4, choices)
save_model(model, Path(sys.argv[1]))
"""


def test_the_same_weights_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    paths = [tmp_path / "a.keras", tmp_path / "b.keras"]
    for path in paths:
        subprocess.run([sys.executable, "-c", SAVE, path], cwd=STAGES, check=True)
    assert sha256(paths[0]) == sha256(paths[1])
    loaded = keras.models.load_model(paths[0])
    assert loaded(np.zeros((3, 12, 12, 1), np.uint8)).shape == (3, 4)
    with zipfile.ZipFile(paths[0]) as archive:
        assert b"keras_version" in archive.read("metadata.json")
