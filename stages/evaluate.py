"""Measure the trained model on the test set, which no stage before this one has looked at."""

from pathlib import Path

import pandas as pd
from pydantic import Field

from evaluating.figures import image_grid, image_rows
from evaluating.mistakes import doubtful_labels, worst_by_class, worst_mistakes
from evaluating.scores import (
    Indices,
    Predictions,
    calibration_curve,
    classify,
    expected_calibration_error,
    figures_of_test,
    per_class,
    per_image,
)
from shared.classifier import load_classifier, predict, temperature_of
from shared.console import StageError, log, run
from shared.dataset import Images, load_dataset, open_split
from shared.figures import drawable_names, save_png
from shared.files import write_csv, write_json
from shared.lock import stage_lock
from shared.params import Params, load

DATASET = Path("data/raw/dataset.json")
TEST = Path("data/prepared/test.npz")
TEST_ROWS = Path("data/prepared/test_rows.csv")
MODEL = Path("models/model.keras")
METRICS = Path("metrics/evaluate.json")
PREDICTIONS = Path("plots/predictions.csv")
PER_CLASS = Path("plots/per_class.csv")
CALIBRATION = Path("plots/calibration.csv")
MISTAKES = Path("plots/mistakes.png")
GALLERY = Path("plots/gallery.png")


class EvaluateParams(Params):
    """How the calibration curve and the pictures of mistakes are drawn."""

    calibration_bins: int = Field(ge=2)
    worst_mistakes: int = Field(ge=1)
    mistakes_per_class: int = Field(ge=1)


@stage_lock("evaluate")
def main() -> None:
    """Write the metrics, the tables behind the plots, and pictures of the mistakes."""
    params = load(EvaluateParams, "evaluate")
    dataset = load_dataset(DATASET)
    images, labels = open_split(TEST)
    names = row_names(TEST_ROWS, len(images))
    model = load_classifier(MODEL, images, dataset)
    logits = predict(model, images)
    predictions = classify(logits, labels)

    doubtful = doubtful_labels(logits, labels)
    rows = per_image(predictions, dataset.class_names, names).assign(doubtful=doubtful)
    classes = per_class(predictions, dataset.class_names, logits)
    curve = calibration_curve(predictions, params.calibration_bins)
    write_csv(PREDICTIONS, rows)
    write_csv(PER_CLASS, classes)
    write_csv(CALIBRATION, curve)
    draw_mistakes(images, predictions, rows, dataset.classes, params)

    temperature = temperature_of(model)
    before = calibration_curve(classify(logits * temperature, labels), params.calibration_bins)
    metrics = figures_of_test(predictions, classes, curve) | {
        "uncalibrated_calibration_error": round(expected_calibration_error(before), 6),
        "temperature": round(temperature, 4),
        "doubtful_labels": int(doubtful.sum()),
    }
    write_json(METRICS, metrics)
    log.info(
        "test accuracy %s (95 %% interval %s to %s) on %s images; always the most frequent class: "
        "%s; mean recall of the classes: %s",
        *(f"{metrics[f'test_accuracy{bound}']:.2%}" for bound in ("", "_low", "_high")),
        f"{len(images):,}",
        f"{metrics['majority_baseline']:.2%}",
        f"{metrics['balanced_accuracy']:.2%}",
    )


def row_names(path: Path, count: int) -> pd.Series:
    """Return which row or file each test image is. Raises StageError for what names others."""
    try:
        names = pd.read_csv(path)["row"]
    except (ValueError, KeyError):  # no CSV, or another one
        names = pd.Series()
    if len(names) != count:
        raise StageError(
            f"{path}: not what the preprocess stage writes; `dvc repro --force preprocess` writes "
            "it anew"
        )
    return names


def draw_mistakes(
    images: Images,
    predictions: Predictions,
    rows: pd.DataFrame,
    classes: dict[str, str],
    params: EvaluateParams,
) -> None:
    """Draw the mistakes of highest confidence, over all classes and for each."""
    names = drawable_names(classes)
    drawn = dict(zip(classes.values(), names, strict=True))
    captions = [
        f"true {drawn[f'{row.actual}']}{' (doubtful)' if row.doubtful else ''}\n"
        f"predicted {drawn[f'{row.predicted}']}\nconfidence {row.confidence:.1%}"
        for row in rows.itertuples()
    ]

    def captioned(indices: Indices) -> tuple[Images, list[str]]:
        return images[indices], [captions[index] for index in indices]

    worst = worst_mistakes(predictions, params.worst_mistakes)
    none = f"no mistakes on {len(images):,} test images"
    save_png(MISTAKES, image_grid(*captioned(worst), none))
    by_class = worst_by_class(predictions, len(names), params.mistakes_per_class)
    found = [captioned(indices) for indices in by_class]
    save_png(GALLERY, image_rows(list(zip(names, found, strict=True))))


if __name__ == "__main__":
    run(main)
