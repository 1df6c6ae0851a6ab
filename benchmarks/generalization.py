"""Measure the model of the last run, and its exports, on MNIST's own 10,000 test images.

    dvc repro && python benchmarks/generalization.py

The default dataset, mnist-5k, comes from MNIST's training set, so these images are new to a model
trained on it: ten times as many as it has to test with. The first 1,000 are predicted from pictures
too, inverted JPEGs of 20 times the size, by export/predict.py. MNIST's gzipped IDX files are read
from MNIST_DIR (default ../shared/data/mnist). The figures go to benchmarks/generalization.json.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

import setting
from exporting.calls import CALLS, Probabilities, call_outside, call_text
from project import ROOT, command_line
from shared.console import run
from shared.dataset import Images, Labels, load_dataset
from shared.files import write_json

EXPORT = ROOT / "export"
PICTURES = 1000
FIGURES = Path(__file__).resolve().with_suffix(".json")


def main() -> None:
    """Predict, count, write and print."""
    command_line(__doc__).parse_args()
    from shared.classifier import load_classifier, predict

    images, labels = setting.read_mnist("t10k")
    dataset = load_dataset(ROOT / "data/raw/dataset.json")
    model = load_classifier(ROOT / "models/model.keras", images, dataset)
    direct = predict(model, images)
    figures = {
        "trained_on": dataset.name,
        "images": len(labels),
        "accuracy": accuracy(direct, labels),
        "exports": {
            name: accuracy(call_outside(call_text(name, dataset.image), EXPORT, images), labels)
            for name, call in CALLS.items()
            if (EXPORT / call.file).exists()
        },
        "pictures": {
            "images": PICTURES,
            "accuracy": float(np.mean(from_pictures(images[:PICTURES]) == labels[:PICTURES])),
            "accuracy_without": accuracy(direct[:PICTURES], labels[:PICTURES]),
        },
    }
    write_json(FIGURES, figures)
    print(json.dumps(figures))  # noqa: T201 (its output)


def accuracy(scores: Probabilities, labels: Labels) -> float:
    """Return the share of images whose highest score is that of their label."""
    return float(np.mean(scores.argmax(axis=1) == labels))


def from_pictures(images: Images) -> Labels:
    """Return what predict.py reads in large, inverted JPEGs of the images."""
    with TemporaryDirectory() as folder:
        pictures = [Path(folder, f"{number}.jpg") for number in range(len(images))]
        for image, path in zip(images[..., 0], pictures, strict=True):
            large = Image.fromarray(255 - image).resize((560, 560), Image.Resampling.BICUBIC)
            large.save(path, quality=75)
        command = [sys.executable, str(EXPORT / "predict.py"), "--format=json", *map(str, pictures)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout  # noqa: S603
    return np.array([row["label"] for row in json.loads(answer)]).astype(np.uint8)


if __name__ == "__main__":
    run(main)
