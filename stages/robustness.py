"""Measure how the trained model copes with moved, blurred, inverted, … test images."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from corrupting.corruptions import CORRUPTIONS, Corruption
from corrupting.unseen import UNSEEN
from shared.classifier import load_classifier, predict
from shared.console import log, run
from shared.dataset import Split, load_dataset, open_split
from shared.files import write_csv, write_json
from shared.lock import stage_lock
from shared.params import Params, load
from shared.tf import tf

DATASET = Path("data/raw/dataset.json")
TEST = Path("data/prepared/test.npz")
MODEL = Path("models/model.keras")
METRICS = Path("metrics/robustness.json")
TABLE = Path("plots/robustness.csv")


class RobustnessParams(Params):
    """What the random part of the corruptions is drawn from."""

    seed: int = Field(ge=0, lt=2**32)


@stage_lock("robustness")
def main() -> None:
    """Classify the test set once for each corruption and strength, and write the accuracies."""
    params = load(RobustnessParams, "robustness")
    dataset = load_dataset(DATASET)
    test = open_split(TEST)
    model = tf.function(load_classifier(MODEL, test.images, dataset))
    rows = []
    for number, (name, corruption) in enumerate((CORRUPTIONS | UNSEEN).items()):
        accuracies = []
        for level, strength in enumerate(corruption.strengths, start=1):
            random = np.random.default_rng((params.seed, number, level))
            accuracies.append(accuracy(model, test, corruption, level, random))
            rows.append((name, level, strength, accuracies[-1], name in UNSEEN))
        log.info("%s: accuracy %s", name, ", ".join(f"{share:.2%}" for share in accuracies))
    columns = ["corruption", "level", "strength", "accuracy", "unseen"]
    table = pd.DataFrame(rows, columns=columns)
    write_csv(TABLE, table)
    means = table.groupby("unseen")["accuracy"].mean()
    metrics = {
        "corrupted_test_accuracy": means[False],
        "unseen_corrupted_test_accuracy": means[True],
    }
    write_json(METRICS, {name: round(float(mean), 6) for name, mean in metrics.items()})
    for name, mean in metrics.items():
        log.info("%s: %s", name, f"{mean:.2%}")


def accuracy(
    model: Any, test: Split, corruption: Corruption, level: int, random: np.random.Generator
) -> float:
    """Return the part of the corrupted test images whose class is still right."""
    logits = predict(lambda images: model(corruption(images, level, random)), test.images)
    return float(np.mean(logits.argmax(axis=1) == test.labels))


if __name__ == "__main__":
    run(main)
