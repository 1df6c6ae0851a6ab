"""The recipe of a run: all that made its weights, and the names that follow from it."""

import hashlib
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shared.dataset import load_dataset
from shared.files import sha256
from shared.tf import keras, tf

STAGES = Path(__file__).parents[1]


class Recipe(NamedTuple):
    """`contents`, as models/recipe.json has them, and a name for them and the code they meet."""

    contents: dict[str, Any]
    fingerprint: str

    @property
    def run_name(self) -> str:
        """The experiment's name, or one made of the recipe where DVC gives none."""
        network = self.contents["parameters"]["network"]
        return os.environ.get("DVC_EXP_NAME") or f"{network}-{self.fingerprint}"


def describe(
    parameters: dict[str, Any], dataset: Path, splits: Sequence[Path], device: str, model: Any
) -> Recipe:
    """Return the recipe of a model, given a dataset.json and the npz files of its splits.

    Its fingerprint is of all that decides the result: of shared/, what has been imported.
    """
    contents = {
        "parameters": parameters,
        "weights": sum(math.prod(weight.shape) for weight in model.trainable_weights),
        "data": {
            "dataset": load_dataset(dataset).name,
            **{path.stem: sha256(path) for path in splits},
        },
        "versions": {
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,  # it draws order and augmentation
        },
        "device": device,
    }
    code = [STAGES / "train.py", *sorted((STAGES / "training").rglob("*.py"))]
    shared = sorted(name for name in sys.modules if name.startswith("shared."))
    code += [STAGES / f"{name.replace('.', '/')}.py" for name in shared]
    parts = [json.dumps(contents, sort_keys=True), *map(sha256, [dataset, *code])]
    return Recipe(contents, hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16])
