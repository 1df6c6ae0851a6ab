"""Measure what each choice in the training of `compact` gives: the defaults, and all but one.

`python benchmarks/choices.py [CHOICE…]` trains on `few` and on `many` of MNIST's training images
(MNIST_DIR, default ../shared/data/mnist), 1,000 steps each time, and measures the accuracy on the
last 10,000. They are neither in MNIST's test set nor in `mnist-5k`, which is from the first 6,000.
The figures go to benchmarks/choices.json, with the defaults; those of choices that are not named
stay, unless the defaults are others now. It prints the table for a page of docs/notes/. With
`--steps` or `--seeds` it looks closer at a few choices, and prints their table alone.
"""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

# In place of this folder, whose training.py would hide the package of that name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "stages"))

from benchmarks.setting import in_new_process, lay_out, machine
from benchmarks.tables import of_choices
from benchmarks.timed_loop import train_for

import train as stage
from shared.console import log, run
from shared.dataset import load_dataset, open_split
from shared.files import write_json
from shared.params import load
from shared.tf import keras
from training.augmentation import LARGEST
from training.building import build_batches, build_engine, build_model, configure
from training.device import choose
from training.normalization import BatchNormalization
from training.params import TrainParams

FIGURES = Path(__file__).resolve().with_suffix(".json")
SEEDS = 2
HELD_OUT = 10_000
DEFAULTS = "the defaults"
STEPS = 1000

# How many are trained on: as in the pipeline's default run, and as in the full MNIST.
IMAGES = {"few": 4_000, "many": 50_000}

# What differs from the defaults; `without` names changes of augmentation.LARGEST that are left out,
# `normalisation` what BatchNormalization is given, or None to leave it out.
CHOICES: dict[str, dict[str, Any]] = {
    DEFAULTS: {},
    "no augmentation": {"augmentation": 0.0},
    "no shift": {"without": [0, 1]},
    "no rotation": {"without": [2]},
    "no shear": {"without": [3]},
    "no zoom": {"without": [4, 5]},
    "augmentation 0.5": {"augmentation": 0.5},
    "no label smoothing": {"label_smoothing": 0.0},
    "dropout 0.5": {"dropout": 0.5},
    "constant rate 0.001": {"schedule": "constant", "learning_rate": 0.001},
    "constant rate 0.003": {"schedule": "constant", "learning_rate": 0.003},
    "SGD, rate 0.05": {"optimizer": "sgd", "learning_rate": 0.05},
    "SGD, rate 0.2": {"optimizer": "sgd", "learning_rate": 0.2},
    "average pooling": {"pooling": "average"},
    "normalisation's momentum 0.99": {"normalisation": {"momentum": 0.99}},
    "no normalisation": {"normalisation": None},
}


def main() -> None:
    """Measure, write and print."""
    asked = arguments()
    recorded = (asked.steps, asked.seeds) == (STEPS, SEEDS)
    defaults = load(TrainParams, "train").model_dump()
    accuracies: dict[str, dict[str, list[float]]] = {}
    if recorded and FIGURES.exists():
        earlier = json.loads(FIGURES.read_text(encoding="utf-8"))
        accuracies = earlier["accuracies"] if earlier.get("defaults") == defaults else {}
    names = asked.choices or list(CHOICES)
    if DEFAULTS not in accuracies:
        names = list(dict.fromkeys([DEFAULTS, *names]))
    for name in names:
        accuracies[name] = {
            setting: [measure(name, setting, seed, asked.steps) for seed in range(asked.seeds)]
            for setting in IMAGES
        }
        figures = {
            "machine": machine(),
            "held_out": HELD_OUT,
            "steps": asked.steps,
            "images": IMAGES,
            "defaults": defaults,
            "accuracies": {name: accuracies[name] for name in CHOICES if name in accuracies},
        }
        if recorded:
            write_json(FIGURES, figures)
    print(of_choices(figures))  # noqa: T201 (its output)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for: `choices`, by name, `steps` and `seeds`."""
    parser = argparse.ArgumentParser(description="Measure what each choice of training gives.")
    parser.add_argument("choices", nargs="*", metavar="CHOICE", help=", ".join(CHOICES))
    parser.add_argument("--steps", type=int, default=STEPS, help="of each run (%(default)s)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of each choice (%(default)s)")
    asked = parser.parse_args()
    if min(asked.steps, asked.seeds) < 1:
        parser.error("--steps and --seeds: at least 1")
    if unknown := set(asked.choices) - set(CHOICES):
        parser.error(f"no such choice: {', '.join(sorted(unknown))}")
    return asked


def measure(name: str, setting: str, seed: int, steps: int) -> float:
    """Return the accuracy of a choice on the images held out."""
    with TemporaryDirectory() as folder:
        lay_out(Path(folder), HELD_OUT, IMAGES[setting])
        accuracy = in_new_process(Path(folder), accuracy_of, name, seed, steps)
    log.info("%s, %s images, seed %d: %.4f", name, setting, seed, accuracy)
    return accuracy


def accuracy_of(name: str, seed: int, steps: int) -> float:
    """Train on the images in the folder, and return the accuracy on those held out."""
    choose("cpu")
    choice = {"steps": steps, "seed": seed, **CHOICES[name]}
    largest = LARGEST.copy()
    largest[choice.pop("without", [])] = 0
    normalisation, usual = choice.pop("normalisation", {}), BatchNormalization
    given = load(TrainParams, "train").model_dump()
    params = TrainParams.model_validate({**given, **choice})

    def normalise(**options: Any) -> Any:
        if normalisation is None:
            return keras.layers.Activation("linear", name=options["name"])
        return usual(**(options | normalisation))

    with (
        mock.patch("training.augmentation.LARGEST", largest),
        mock.patch("training.network.BatchNormalization", normalise),
    ):
        configure(params)
        engine = build_engine(params, build_model(params, load_dataset(stage.DATASET)))
        batches = build_batches(params, open_split(stage.TRAIN))
        train_for(steps, engine, batches)
    return engine.evaluate(open_split(stage.VALIDATION)).accuracy


if __name__ == "__main__":
    run(main)
