"""Which rows of the train table are held out for validation."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from shared.console import StageError
from shared.dataset import Labels
from shared.params import PARAMS

Method = Literal["stratified", "tail"]
Mask = npt.NDArray[np.bool_]


def held_out(labels: Labels, method: Method, size: int, seed: int) -> Mask:
    """Return a mask [N] of the `size` rows that are for validation; the others are for training.

    `tail` takes the last rows. `stratified` draws rows so that every class keeps its share, by
    scikit-learn's train_test_split. Raises StageError, naming the parameter, for a size that leaves
    no row to train on or too few rows for the classes.
    """
    place = f"{PARAMS}: preprocess.validation_size"
    if size >= labels.size:
        raise StageError(
            f"{place}: {size} leaves no row to train on; must be less than {labels.size}, the rows"
            " of the train table"
        )
    rows = np.zeros(labels.size, np.bool_)
    if method == "tail":
        rows[-size:] = True
        return rows
    try:
        _, drawn = train_test_split(
            np.arange(labels.size), test_size=size, stratify=labels, random_state=seed
        )
    except ValueError as error:
        raise StageError(
            f"{place}: {size} cannot be stratified: {error} Change it, or set preprocess.split to"
            " tail."
        ) from None
    rows[drawn] = True
    return rows
