"""Measure the model of the last run, and its exports, on MNIST's own 10,000 test images.

Run as `python benchmarks/generalization.py` after `dvc repro`. The default dataset, mnist-5k, comes
from MNIST's training set, so these images are new to a model trained on it: ten times as many as it
has to test with. MNIST's gzipped IDX files are read from MNIST_DIR (default ../shared/data/mnist).
The figures go to benchmarks/generalization.json.
"""

import gzip
import json
import os
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "stages"))

from exporting.calls import CALLS, call_outside, call_text  # noqa: E402
from shared.classifier import Scores, load_classifier, predict  # noqa: E402
from shared.dataset import load_dataset  # noqa: E402

EXPORT = ROOT / "export"
FIGURES = Path(__file__).with_suffix(".json")
MNIST = Path(os.environ.get("MNIST_DIR", ROOT / "../shared/data/mnist")).resolve()


def main() -> None:
    """Predict, count, write and print."""
    if not MNIST.is_dir():
        sys.exit(f"{MNIST}: no such folder; set MNIST_DIR to the one of MNIST's IDX files")
    with gzip.open(MNIST / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(MNIST / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    dataset = load_dataset(ROOT / "data/raw/dataset.json")
    model = load_classifier(ROOT / "models/model.keras", images, dataset)

    def accuracy(scores: Scores) -> float:
        return float(np.mean(scores.argmax(axis=1) == labels))

    figures = {
        "trained_on": dataset.name,
        "images": len(labels),
        "accuracy": accuracy(predict(model, images)),
        "exports": {
            name: accuracy(call_outside(call_text(name, dataset.image), EXPORT, images))
            for name, call in CALLS.items()
            if (EXPORT / call.file).exists()
        },
    }
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures))  # noqa: T201 (its output)


if __name__ == "__main__":
    main()
