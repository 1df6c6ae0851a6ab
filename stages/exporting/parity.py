"""Whether an exported classifier still is the one that was evaluated."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from shared.classifier import Scores
from shared.console import StageError
from shared.dataset import Labels

TOLERANCE = 0.01
"""The largest difference of a probability that float32's rounding explains.

It is about 1e-6 for the compact network, and 2e-4 was seen for the tutorial's, whose logits run to
thousands. What a converter can get wrong (scaling, padding, a lost softmax) moves tenths.
"""


class Parity(NamedTuple):
    """One format on the test set, beside the Keras model.

    `agreement` is the share of images for which both predict the same class; `bytes` the size of
    what was exported.
    """

    accuracy: float
    agreement: float
    largest_difference: float
    bytes: int


def compare(probabilities: Scores, reference: Scores, labels: Labels, size: int) -> Parity:
    """Compare probabilities [N, K] with Keras's `reference` [N, K] and the labels [N]."""
    predicted = probabilities.argmax(axis=1)
    largest = float(np.abs(probabilities - reference).max())
    return Parity(
        accuracy=round(float(np.mean(predicted == labels)), 6),
        agreement=round(float(np.mean(predicted == reference.argmax(axis=1))), 6),
        largest_difference=float(f"{largest:.1e}"),
        bytes=size,
    )


def check(parity: Parity, place: Path) -> None:
    """Raise StageError where the format is further from the Keras model than rounding explains."""
    if not parity.largest_difference <= TOLERANCE:  # so that NaN fails as well
        raise StageError(
            f"{place}: not exported, since it is not the model that was evaluated: a probability"
            f" differs by {parity.largest_difference:g} (at most {TOLERANCE:g} is rounding), the"
            f" class on {1 - parity.agreement:.2%} of the test images; `pip install -r"
            " requirements.txt` brings the converters that this project is tested with"
        )


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
