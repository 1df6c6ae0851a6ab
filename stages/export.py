"""Export the classifier for other runtimes, each proved on the test set to be the same model."""

import json
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from pydantic import Field

from exporting.calls import CALLS, FormatName, Probabilities, call_outside, call_text
from exporting.formats import with_probabilities, writers
from exporting.model_card import Evaluation, RecipeFile, Robustness, model_card
from exporting.parity import Parity, blank_images, check, compare, random_images, size_of
from predicting import predict as predict_script
from shared.classifier import load_classifier, predict
from shared.console import StageError, log, run
from shared.dataset import Reading, load_dataset, open_split, read_json
from shared.files import replacing, write_json
from shared.lock import stage_lock
from shared.params import Params, load
from shared.tf import without_noise

DATASET = Path("data/raw/dataset.json")
READING = Path("data/raw/reading.json")
TRAIN = Path("data/prepared/train.npz")
TEST = Path("data/prepared/test.npz")
MODEL = Path("models/model.keras")
RECIPE = Path("models/recipe.json")
EVALUATION = Path("metrics/evaluate.json")
ROBUSTNESS = Path("metrics/robustness.json")
METRICS = Path("metrics/export.json")
EXPORT = Path("export")


class ExportParams(Params):
    """What a model must reach to be exported, and in which formats."""

    minimum_accuracy: float = Field(ge=0, le=1)
    minimum_balanced_accuracy: float = Field(ge=0, le=1)
    minimum_robustness: float = Field(ge=0, le=1)
    formats: list[FormatName] = Field(min_length=1)


@stage_lock("export")
def main() -> None:
    """Write each format, compare what it answers, and keep all of them or none."""
    params = load(ExportParams, "export")
    evaluation = read_json(Evaluation, EVALUATION, stage="evaluate")
    robustness = read_json(Robustness, ROBUSTNESS, stage="robustness")
    require(f"{EVALUATION}: test accuracy", evaluation.test_accuracy, params, "minimum_accuracy")
    require(
        f"{EVALUATION}: balanced accuracy",
        evaluation.balanced_accuracy,
        params,
        "minimum_balanced_accuracy",
    )
    require(
        f"{ROBUSTNESS}: accuracy on corrupted test images",
        robustness.corrupted_test_accuracy,
        params,
        "minimum_robustness",
    )
    recipe = read_json(RecipeFile, RECIPE, stage="train")
    dataset = load_dataset(DATASET)
    reading = read_json(Reading, READING, stage="download")
    test = open_split(TEST)
    write = writers(open_split(TRAIN).images)
    classifier = with_probabilities(load_classifier(MODEL, test.images, dataset))
    probes = random_images(test.images), blank_images(test.images)
    images = np.concatenate([test.images, *probes])
    reference = predict(lambda batch: classifier(batch)["probabilities"], images)

    parities: dict[FormatName, Parity] = {}
    answers: dict[FormatName, Future[Probabilities]] = {}
    with replacing(EXPORT) as folder, ThreadPoolExecutor() as background:
        folder.mkdir()
        write_json(folder / "labels.json", dataset.class_names)
        for name in sorted(params.formats, key=list(CALLS).index):
            with without_noise():
                write[name](classifier, folder / CALLS[name].file)
            call = call_text(name, dataset.image)
            answers[name] = background.submit(call_outside, call, folder, images)
        for name, answer in answers.items():
            size = size_of(folder / CALLS[name].file)
            parities[name] = compare(answer.result(), reference, test.labels, size)
            check(parities[name], name, EXPORT / CALLS[name].file)
        if "onnx" in params.formats:
            script = Path(predict_script.__file__)
            ignored = shutil.ignore_patterns(script.name, "__pycache__")
            shutil.copy(script, folder)
            shutil.copytree(script.parent, folder / "predicting", ignore=ignored)
            about = json.loads(DATASET.read_bytes()) | reading.model_dump(exclude_unset=True)
            write_json(folder / "dataset.json", about)
        card = model_card(dataset, recipe, evaluation, robustness, parities)
        (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8", newline="\n")
    write_json(METRICS, parity_figures(parities))
    log_parities(parities)


def require(figure: str, reached: float, params: ExportParams, name: str) -> None:
    """Raise StageError for a model that is not good enough to be exported."""
    minimum: float = getattr(params, name)
    if reached < minimum:
        raise StageError(
            f"{figure} {reached:.2%} is below export.{name} ({minimum:.2%}), so nothing is "
            "exported; train a better model (more train.steps, another train.learning_rate or "
            f"train.augmentation) or lower export.{name} in params.yaml"
        )


def parity_figures(parities: dict[FormatName, Parity]) -> dict[str, float]:
    """Return the figures under names such as onnx_accuracy; differences are the greatest of all."""
    figures: dict[str, float] = {}
    for name, parity in parities.items():
        differences = parity.differences.values()
        figures[f"{name}_accuracy"] = parity.accuracy
        figures[f"{name}_agreement"] = parity.agreement
        figures[f"{name}_mean_difference"] = max(found.mean for found in differences)
        figures[f"{name}_largest_difference"] = max(found.largest for found in differences)
        figures[f"{name}_bytes"] = parity.bytes
    return figures


def log_parities(parities: dict[FormatName, Parity]) -> None:
    """Log a line per format."""
    for name, parity in parities.items():
        log.info(
            "%s: %s bytes, test accuracy %s, same class as Keras on %s, probabilities within %g",
            EXPORT / CALLS[name].file,
            f"{parity.bytes:,}",
            f"{parity.accuracy:.2%}",
            f"{parity.agreement:.2%}",
            parity.test.largest,
        )


if __name__ == "__main__":
    run(main)
