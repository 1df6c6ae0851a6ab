"""Whether an exported classifier still is the one that was evaluated.

It is asked about four sets of images: the test set; those 1,000 of it of which the evaluated
classifier is least certain, where a small error changes the class first; 1,000 of random pixels,
far from anything that it was trained on; and a blank one of every grey, which has no deviation
that it could be normalised by.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from exporting.calls import FormatName, Probabilities
from shared.console import StageError
from shared.dataset import Images, Labels

PROBES = 1000
BLANKS = 256


class Difference(NamedTuple):
    """How far an image's probabilities are off in the class that is furthest off."""

    mean: float
    largest: float


ROUNDING = Difference(mean=0.01, largest=0.01)
"""What float32's rounding may do.

It is about 1e-6 for the compact network, and 2e-4 was seen for the tutorial's, whose logits run to
thousands. What a converter can get wrong (scaling, padding, a lost softmax) moves tenths.
"""

INTEGERS = Difference(mean=0.1, largest=1)
"""What integer arithmetic may do.

A mean of 0.004 was seen for the compact network, and 0.02 for the tutorial's,
in which steps of its large logits tip single images over altogether.
"""


TOLERANCES: dict[FormatName, Difference] = {
    "saved_model": ROUNDING,
    "onnx": ROUNDING,
    "tflite": ROUNDING,
    "tflite_int8": INTEGERS,
}


class Parity(NamedTuple):
    """One format beside the Keras model, on the test set and the other three.

    `agreement` is the share of test images for which both predict the same class; `bytes` the size
    of what was exported.
    """

    accuracy: float
    agreement: float
    bytes: int
    test: Difference
    uncertain: Difference
    random: Difference
    blank: Difference

    @property
    def differences(self) -> dict[str, Difference]:
        """Return the differences by the images that they were found on."""
        return {
            "test images": self.test,
            "least certain test images": self.uncertain,
            "random images": self.random,
            "blank images": self.blank,
        }


def random_images(like: Images) -> Images:
    """Return PROBES images of random pixels, the same each time, of the shape of `like`."""
    return np.random.default_rng(0).integers(0, 256, (PROBES, *like.shape[1:]), dtype=np.uint8)


def blank_images(like: Images) -> Images:
    """Return BLANKS images of one grey each, from black to white, of the shape of `like`."""
    greys = np.arange(BLANKS, dtype=np.uint8).reshape(-1, *[1] * (like.ndim - 1))
    return np.broadcast_to(greys, (BLANKS, *like.shape[1:]))


def compare(
    probabilities: Probabilities, reference: Probabilities, labels: Labels, size: int
) -> Parity:
    """Compare probabilities with Keras's `reference`, both [N + PROBES + BLANKS, K].

    The first N are those of the test set, with labels [N]; the others those of the random images
    and the blank ones.
    """
    count = len(labels)
    found, expected = probabilities[:count].argmax(axis=1), reference[:count].argmax(axis=1)
    differences = np.abs(probabilities - reference).max(axis=1)
    uncertain = np.argsort(reference[:count].max(axis=1), kind="stable")[:PROBES]
    return Parity(
        accuracy=round(float(np.mean(found == labels)), 6),
        agreement=round(float(np.mean(found == expected)), 6),
        bytes=size,
        test=_difference(differences[:count]),
        uncertain=_difference(differences[uncertain]),
        random=_difference(differences[count : count + PROBES]),
        blank=_difference(differences[count + PROBES :]),
    )


def _difference(differences: npt.NDArray[np.float32]) -> Difference:
    figures = float(differences.mean()), float(differences.max())
    return Difference(*(float(f"{figure:.1e}") for figure in figures))


def check(parity: Parity, name: FormatName, place: Path) -> None:
    """Raise StageError where a format is further from the Keras model than its tolerance."""
    tolerance = TOLERANCES[name]
    for images, found in parity.differences.items():
        # Written so that NaN fails as well.
        if not (found.mean <= tolerance.mean and found.largest <= tolerance.largest):
            raise StageError(
                f"{place}: not exported, since it is not the model that was evaluated: on {images} "
                f"a probability differs by up to {found.largest:g}, {found.mean:g} on average (at "
                f"most {tolerance.largest:g} and {tolerance.mean:g} are rounding), and the class "
                f"on {1 - parity.agreement:.2%} of the test images; `pip install -r "
                "requirements.txt` brings the converters that this project is tested with, and "
                f"export.formats without {name} leaves it out"
            )


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
