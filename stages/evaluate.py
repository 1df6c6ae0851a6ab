"""Measure the trained model on the test set, which no stage before this one has looked at."""

from pathlib import Path

from pydantic import Field

from evaluating.figures import image_grid
from evaluating.scores import (
    calibration_curve,
    classify,
    per_class,
    per_image,
    summary,
    worst_mistakes,
)
from shared.classifier import load_classifier, predict
from shared.console import log, run
from shared.dataset import load_dataset, open_split
from shared.figures import save_png
from shared.files import write_json
from shared.params import Params, load
from shared.tables import write_csv

DATASET = Path("data/raw/dataset.json")
TEST = Path("data/prepared/test.npz")
MODEL = Path("models/model.keras")
METRICS = Path("metrics/evaluate.json")
PREDICTIONS = Path("plots/predictions.csv")
PER_CLASS = Path("plots/per_class.csv")
CALIBRATION = Path("plots/calibration.csv")
MISTAKES = Path("plots/mistakes.png")


class EvaluateParams(Params):
    """How the calibration curve and the picture of mistakes are drawn."""

    calibration_bins: int = Field(ge=2)
    worst_mistakes: int = Field(ge=1)


def main() -> None:
    """Write the metrics, the tables behind the plots, and a picture of the worst mistakes."""
    params = load(EvaluateParams, "evaluate")
    dataset = load_dataset(DATASET)
    images, labels = open_split(TEST)
    predictions = classify(predict(load_classifier(MODEL, images, dataset), images), labels)

    rows = per_image(predictions, dataset.class_names)
    classes = per_class(predictions, dataset.class_names)
    curve = calibration_curve(predictions, params.calibration_bins)
    write_csv(PREDICTIONS, rows)
    write_csv(PER_CLASS, classes)
    write_csv(CALIBRATION, curve)

    worst = worst_mistakes(predictions, params.worst_mistakes)
    captions = [
        f"true {row.actual}\npredicted {row.predicted}\nconfidence {row.confidence:.1%}"
        for row in rows.iloc[worst].itertuples()
    ]
    no_mistakes = f"no mistakes on {len(images):,} test images"
    save_png(MISTAKES, image_grid(images[worst], captions, no_mistakes))

    metrics = summary(predictions, classes, curve)
    write_json(METRICS, metrics)
    log.info(
        "test accuracy %s (95 %% interval %s to %s) on %s images",
        *(f"{metrics[f'test_accuracy{bound}']:.2%}" for bound in ("", "_low", "_high")),
        f"{len(images):,}",
    )


if __name__ == "__main__":
    run(main)
