"""Export the classifier for other runtimes, each proved on the test set to be the same model."""

from contextlib import ExitStack
from pathlib import Path

from pydantic import Field

from exporting.formats import FORMATS, with_probabilities
from exporting.model_card import Evaluation, Recipe, Robustness, model_card
from exporting.parity import Parity, check, compare, size_of
from shared.classifier import load_classifier, predict
from shared.console import StageError, log, run
from shared.dataset import load_dataset, open_split, read_json
from shared.files import replacing, write_json
from shared.params import Params, load
from shared.tf import without_noise

DATASET = Path("data/raw/dataset.json")
TEST = Path("data/prepared/test.npz")
MODEL = Path("models/model.keras")
RECIPE = Path("models/recipe.json")
EVALUATION = Path("metrics/evaluate.json")
ROBUSTNESS = Path("metrics/robustness.json")
METRICS = Path("metrics/export.json")
SAVED_MODEL = Path("export/saved_model")
ONNX = Path("export/model.onnx")
TFLITE = Path("export/model.tflite")
LABELS = Path("export/labels.json")
CARD = Path("export/MODEL_CARD.md")

EXPORTS = {"saved_model": SAVED_MODEL, "onnx": ONNX, "tflite": TFLITE}


class ExportParams(Params):
    """What a model must reach to be exported."""

    minimum_accuracy: float = Field(ge=0, le=1)
    minimum_robustness: float = Field(ge=0, le=1)


def main() -> None:
    """Write each format, run it on the test set, and keep all of them or none."""
    params = load(ExportParams, "export")
    evaluation = read_json(Evaluation, EVALUATION, stage="evaluate")
    robustness = read_json(Robustness, ROBUSTNESS, stage="robustness")
    require(f"{EVALUATION}: test accuracy", evaluation.test_accuracy, params, "minimum_accuracy")
    require(
        f"{ROBUSTNESS}: accuracy on corrupted test images",
        robustness.corrupted_test_accuracy,
        params,
        "minimum_robustness",
    )
    recipe = read_json(Recipe, RECIPE, stage="train")
    dataset = load_dataset(DATASET)
    images, labels = open_split(TEST)
    classifier = with_probabilities(load_classifier(MODEL, images, dataset))
    reference = predict(lambda batch: classifier(batch)["probabilities"], images)

    parities: dict[str, Parity] = {}
    with ExitStack() as exports:
        for name, path in EXPORTS.items():
            temporary = exports.enter_context(replacing(path))
            with without_noise():
                FORMATS[name].write(classifier, temporary)
                probabilities = predict(FORMATS[name].load(temporary), images)
            parities[name] = compare(probabilities, reference, labels, size_of(temporary))
            check(parities[name], path)

    figures = {EXPORTS[name].name: parity for name, parity in parities.items()}
    with replacing(CARD) as temporary:
        card = model_card(dataset, recipe, evaluation, robustness, figures)
        temporary.write_text(card, encoding="utf-8", newline="\n")
    write_json(LABELS, dataset.class_names)
    write_json(METRICS, flat(parities))
    report(parities)


def require(figure: str, reached: float, params: ExportParams, name: str) -> None:
    """Raise StageError for a model that is not good enough to be exported."""
    minimum: float = getattr(params, name)
    if reached < minimum:
        raise StageError(
            f"{figure} {reached:.2%} is below export.{name} ({minimum:.2%}), so nothing is "
            "exported; train a better model (more train.steps, another train.learning_rate or "
            f"train.augmentation) or lower export.{name} in params.yaml"
        )


def flat(parities: dict[str, Parity]) -> dict[str, float]:
    """Return the figures under names such as onnx_accuracy."""
    return {
        f"{name}_{figure}": value
        for name, parity in parities.items()
        for figure, value in parity._asdict().items()
    }


def report(parities: dict[str, Parity]) -> None:
    """Log a line per format."""
    for name, parity in parities.items():
        log.info(
            "%s: %s bytes, test accuracy %s, same class as Keras on %s, probabilities within %s",
            EXPORTS[name],
            f"{parity.bytes:,}",
            f"{parity.accuracy:.2%}",
            f"{parity.agreement:.2%}",
            f"{parity.largest_difference:g}",
        )


if __name__ == "__main__":
    run(main)
