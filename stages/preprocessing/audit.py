"""What is in the splits: rows per class, and images that occur more than once.

Two images are the same if every pixel is, whatever their labels say.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.dataset import Images, Labels

Digests = npt.NDArray[np.void]

_DIGEST_BYTES = 16


def image_digests(images: Images) -> Digests:
    """Return 16 bytes of BLAKE2b an image, [N]: equal digests mean equal images."""
    digests = [
        hashlib.blake2b(image.tobytes(), digest_size=_DIGEST_BYTES).digest() for image in images
    ]
    return np.frombuffer(b"".join(digests), f"V{_DIGEST_BYTES}")


def count_repeats(train: Digests, validation: Digests, test: Digests) -> dict[str, int]:
    """Return the rows of each split and how many repeat an image.

    `train_duplicates` are rows of train whose image an earlier row of train has;
    `train_test_overlap` are rows of test whose image train has, and so on.
    """
    train_images, validation_images = np.unique(train), np.unique(validation)
    return {
        "train_rows": train.size,
        "validation_rows": validation.size,
        "test_rows": test.size,
        "train_duplicates": train.size - train_images.size,
        "train_validation_overlap": _count_in(train_images, validation),
        "train_test_overlap": _count_in(train_images, test),
        "validation_test_overlap": _count_in(validation_images, test),
    }


def _count_in(images: Digests, rows: Digests) -> int:
    """Return how many rows are among the sorted images; np.isin would take more memory."""
    first, last = (np.searchsorted(images, rows, side) for side in ("left", "right"))
    return int((first < last).sum())


def rows_per_class(splits: Mapping[str, Labels], class_names: Sequence[str]) -> pd.DataFrame:
    """Return a table of class (its name), split (its name) and rows, those with no rows too."""
    counts = {
        name: np.bincount(labels, minlength=len(class_names)) for name, labels in splits.items()
    }
    table = pd.DataFrame(counts, index=pd.Index(class_names, name="class"))
    return table.melt(var_name="split", value_name="rows", ignore_index=False).reset_index()
