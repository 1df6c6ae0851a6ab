"""The model card holds what a reader asks for."""

import pytest

from conftest import INSECTS, RECIPE
from exporting.model_card import Evaluation, RecipeFile, Robustness, model_card
from exporting.parity import Difference, Parity
from shared.dataset import Dataset

EVALUATION = Evaluation(
    test_accuracy=0.9,
    test_accuracy_low=0.79853,
    test_accuracy_high=0.95340,
    majority_baseline=0.4,
    balanced_accuracy=0.87,
    test_loss=0.2,
    macro_f1=0.8765,
    expected_calibration_error=0.0123,
)


@pytest.fixture
def card() -> str:
    image = {"height": 8, "width": 9, "channels": 3}
    return model_card(
        Dataset.model_validate(INSECTS | {"image": image}),
        RecipeFile.model_validate(RECIPE),
        EVALUATION,
        Robustness(corrupted_test_accuracy=0.6543),
        {
            "onnx": Parity(0.9, 1.0, 12345, *4 * [Difference(1e-7, 1.2e-6)]),
            "tflite_int8": Parity(0.85, 0.95, 4321, *4 * [Difference(0.01, 0.5)]),
        },
    )


@pytest.mark.parametrize(
    "fact",
    [
        "# A classifier of Insects",
        "**90.00%**",
        "95 % interval 79.85% to 95.34%",
        "(`ant`, `bee`, `fly $1`)",
        "uint8 [N, 8, 9, 3]",
        "| macro F1 | 0.8765 |",
        "| `model.onnx` | 12,345 | 90.00% | 100.00% | 1e-07, 1.2e-06 |",
        "| `model_int8.tflite` | 4,321 | 85.00% | 95.00% | 0.01, 0.5 |",
        'onnxruntime.InferenceSession("model.onnx")',
        'Interpreter("model_int8.tflite")',
        "np.zeros((2, 8, 9, 3), np.uint8)",
        "ONNX Runtime (`pip install onnxruntime`)",
        "python predict.py photo.jpg",
        "(`insects`, <https://example.org/insects>): 1,200 images to train",
        "Drawn at random.",
        "Licence: CC0.",
        "c" * 64,
        "1,234 trained weights, on CPU, with tensorflow 2.0, keras 3.0, numpy 2.0.",
        "| `train.steps` | 2000 |",
        "| `train.deterministic` | true |",
        "8×9 pixels, in colour",
        "differ by 1.23% on average",
        "each at three strengths) show by how much: 65.43% on average",
    ],
)
def test_the_card_says(card: str, fact: str) -> None:
    assert fact in card


def test_every_section_is_there(card: str) -> None:
    sections = [line[3:] for line in card.splitlines() if line.startswith("## ")]
    assert sections == [
        "How to call it",
        "Figures",
        "Data",
        "Training",
        "Intended use",
        "Limits",
    ]
