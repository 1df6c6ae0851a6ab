"""The model card (model_card.md), filled in with what the stages before found out.

Its sections follow Mitchell et al., "Model Cards for Model Reporting", 2019.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Any

from pydantic import BaseModel

from exporting.calls import CALLS, FormatName, call_text
from exporting.parity import BLANKS, INTEGERS, PROBES, ROUNDING, Parity
from shared.dataset import Dataset, Draw, ImageShape, Table


class Evaluation(BaseModel):
    """metrics/evaluate.json."""

    test_accuracy: float
    test_accuracy_low: float
    test_accuracy_high: float
    majority_baseline: float
    balanced_accuracy: float
    test_loss: float
    macro_f1: float
    expected_calibration_error: float


class Robustness(BaseModel):
    """metrics/robustness.json."""

    corrupted_test_accuracy: float


class Fingerprints(BaseModel):
    """SHA-256 of the prepared splits that made the model."""

    train: str
    validation: str


class RecipeFile(BaseModel):
    """models/recipe.json: all that made the weights, and their number."""

    parameters: dict[str, Any]
    weights: int
    data: Fingerprints
    versions: dict[str, str]
    device: str


_PICTURES = """
Pictures of any size, dark on light or light on dark, and tables of pixels, with
`pip install onnxruntime numpy pillow`, which is all that [predict.py](predict.py) needs beside
this folder and Python 3.10 or newer:

```sh
python predict.py photo.jpg drawing.png             # photo.jpg: LABEL (98.7%), and so on
python predict.py table.csv --format json           # or csv; python predict.py --help tells more
```
"""


def model_card(
    dataset: Dataset,
    recipe: RecipeFile,
    evaluation: Evaluation,
    robustness: Robustness,
    parities: Mapping[FormatName, Parity],
) -> str:
    """Return the card as Markdown; `parities` holds the figures of each exported format."""
    image = dataset.image
    return Template(Path(__file__).with_name("model_card.md").read_text("utf-8")).substitute(
        title=dataset.title,
        dataset=dataset.name,
        homepage=dataset.homepage,
        provenance=dataset.provenance.strip(),
        licence=dataset.licence,
        names=", ".join(f"`{name}`" for name in dataset.class_names),
        classes=len(dataset.classes),
        shape=f"{image.height}, {image.width}, {image.channels}",
        pixels=f"{image.height}×{image.width}",
        colours="grey" if image.channels == 1 else "in colour",
        train_rows=f"{dataset.train_rows:,}",
        test_rows=f"{dataset.test.rows:,}",
        train_table=dataset.train.sha256,
        test_table=_source_of_test(dataset.test),
        train_split=recipe.data.train,
        validation_split=recipe.data.validation,
        weights=f"{recipe.weights:,}",
        device=recipe.device,
        versions=", ".join(f"{name} {version}" for name, version in recipe.versions.items()),
        parameters=_rows(
            (f"`train.{name}`", json.dumps(value)) for name, value in recipe.parameters.items()
        ),
        accuracy=f"{evaluation.test_accuracy:.2%}",
        low=f"{evaluation.test_accuracy_low:.2%}",
        high=f"{evaluation.test_accuracy_high:.2%}",
        baseline=f"{evaluation.majority_baseline:.2%}",
        balanced=f"{evaluation.balanced_accuracy:.2%}",
        loss=f"{evaluation.test_loss:.4f}",
        macro_f1=f"{evaluation.macro_f1:.4f}",
        calibration_error=f"{evaluation.expected_calibration_error:.4f}",
        calibration_gap=f"{evaluation.expected_calibration_error:.2%}",
        corrupted=f"{robustness.corrupted_test_accuracy:.2%}",
        probes=f"{PROBES:,}",
        blanks=BLANKS,
        tolerance=f"{ROUNDING.largest:g}",
        integer_tolerance=f"{INTEGERS.mean:g}",
        calls="\n".join(_call(name, image) for name in parities),
        pictures=_PICTURES if "onnx" in parities else "",
        formats=_rows(
            (
                f"`{CALLS[name].file}`",
                f"{parity.bytes:,}",
                f"{parity.accuracy:.2%}",
                f"{parity.agreement:.2%}",
                *(
                    f"{difference.mean:g}, {difference.largest:g}"
                    for difference in parity.differences.values()
                ),
            )
            for name, parity in parities.items()
        ),
    )


def _source_of_test(test: Table | Draw) -> str:
    if isinstance(test, Table):
        return f"`{test.sha256}`"
    return f"none: drawn from the train table, with the seed {test.seed}"


def _call(name: FormatName, image: ImageShape) -> str:
    return f"{CALLS[name].title}:\n\n```python\n{call_text(name, image)}```\n"


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
