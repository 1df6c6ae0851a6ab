"""Measure what each choice in the training of `compact` gives: the defaults, and all but one.

    python benchmarks/choices.py
    python benchmarks/choices.py --steps 2000 --seeds 5 "dropout 0.5" "average pooling"

It trains on `few` and on `many` of MNIST's training images (MNIST_DIR, default
../shared/data/mnist), 1,000 steps each time, and measures the accuracy on the last 10,000. They are
neither in MNIST's test set nor in `mnist-5k`, which is from the first 6,000. The figures go to
benchmarks/choices.json, with the defaults; those of choices that are not named stay, unless the
defaults are others now. It prints the table for docs/notes/. With --steps or --seeds it looks
closer at a few choices, and prints their table alone.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import setting
from project import ROOT, command_line
from shared.console import log, run
from shared.dataset import open_split
from shared.files import write_json
from shared.params import read_yaml

FIGURES = Path(__file__).resolve().with_suffix(".json")
SEEDS = 2
HELD_OUT = 10_000
DEFAULTS = "the defaults"
STEPS = 1000

# How many are trained on: as in the pipeline's default run, and as in the full MNIST.
IMAGES = {"few": 4_000, "many": 50_000}

# What differs from the defaults; `without` are the columns of augmentation.LARGEST that are left
# out; `normalisation` is what BatchNormalization is given (not trained, it changes nothing).
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
    "no normalisation": {"normalisation": {"trainable": False, "epsilon": 0.0}},
}


def main() -> None:
    """Measure, write and print."""
    asked = arguments()
    recorded = (asked.steps, asked.seeds) == (STEPS, SEEDS)
    defaults = read_yaml(ROOT / "params.yaml")["train"]
    accuracies: dict[str, dict[str, list[float]]] = {}
    if recorded and FIGURES.exists():
        earlier = json.loads(FIGURES.read_text(encoding="utf-8"))
        accuracies = earlier["accuracies"] if earlier.get("defaults") == defaults else {}
    names = asked.choices or list(CHOICES)
    if DEFAULTS not in accuracies:
        names = list(dict.fromkeys([DEFAULTS, *names]))
    for name in names:
        accuracies[name] = {
            data: [measure(name, data, seed, asked.steps) for seed in range(asked.seeds)]
            for data in IMAGES
        }
        figures = {
            "machine": setting.training_machine(),
            "held_out": HELD_OUT,
            "steps": asked.steps,
            "images": IMAGES,
            "defaults": defaults,
            "accuracies": {name: accuracies[name] for name in CHOICES if name in accuracies},
        }
        if recorded:
            write_json(FIGURES, figures)
    print(table(figures))  # noqa: T201 (its output)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for: `choices`, by name, `steps` and `seeds`."""
    parser = command_line(__doc__)
    parser.add_argument("choices", nargs="*", metavar="CHOICE", help=", ".join(CHOICES))
    parser.add_argument("--steps", type=int, default=STEPS, help="of each run (%(default)s)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of each choice (%(default)s)")
    asked = parser.parse_args()
    if min(asked.steps, asked.seeds) < 1:
        parser.error("--steps and --seeds: at least 1")
    if unknown := set(asked.choices) - set(CHOICES):
        parser.error(f"no such choice: {', '.join(sorted(unknown))}")
    return asked


def measure(name: str, data: str, seed: int, steps: int) -> float:
    """Return the accuracy of a choice on the images held out."""
    with TemporaryDirectory() as folder:
        setting.lay_out(Path(folder), HELD_OUT, IMAGES[data])
        accuracy = setting.in_new_process(Path(folder), accuracy_of, name, seed, steps)
    log.info("%s, %s images, seed %d: %.4f", name, data, seed, accuracy)
    return accuracy


def accuracy_of(name: str, seed: int, steps: int) -> float:
    """Train on the images in the folder, and return the accuracy on those held out."""
    from timed_loop import prepare, train_for
    from training.device import choose

    choose("cpu")
    choice = {"steps": steps, "seed": seed, **CHOICES[name]}
    without, normalisation = choice.pop("without", []), choice.pop("normalisation", None)
    vary = partial(normalised, options=normalisation) if normalisation else None
    engine, batches = prepare(choice, vary)
    if without:
        batches.augmentation = augmentation_without(without, batches.augmentation)
    train_for(steps, engine, batches)
    return engine.evaluate(open_split(setting.VALIDATION)).accuracy


def normalised(model: Any, options: dict[str, Any]) -> Any:
    """Return the model, with other options of batch normalisation."""
    from shared.tf import keras
    from training.normalization import BatchNormalization

    def vary(layer: Any) -> Any:
        changes = options if isinstance(layer, BatchNormalization) else {}
        return layer.from_config(layer.get_config() | changes)

    return keras.models.clone_model(model, clone_function=vary)


def augmentation_without(columns: Sequence[int], augmentation: Any) -> Any:
    """Return the augmentation without some of its changes."""
    from training.augmentation import Augmentation, Changes

    class Partial(Augmentation):
        def draw(self, count: int, random: np.random.Generator) -> Changes:
            changes = super().draw(count, random)
            changes[:, columns] = 0
            return changes

    return Partial(*augmentation)


def table(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown: percent, and points of difference to the first choice."""
    heads = ["choice"]
    for images in figures["images"].values():
        heads += [f"{images:,} images", "each seed's", "difference"]
    first, rows = next(iter(figures["accuracies"].values())), []
    for name, accuracies in figures["accuracies"].items():
        cells = [name]
        for data, seeds in accuracies.items():
            mean = statistics.mean(seeds)
            each = ", ".join(f"{100 * accuracy:.2f}" for accuracy in seeds)
            difference = mean - statistics.mean(first[data])
            cells += [f"{100 * mean:.2f}", each, f"{100 * difference:+.2f}"]
        rows.append(cells)
    return setting.markdown(heads, rows)


if __name__ == "__main__":
    run(main)
