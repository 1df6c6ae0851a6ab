"""Which rows of the train table are held out, for validation and, without a test table, to test."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from shared.console import StageError
from shared.dataset import Draw, Labels
from shared.params import PARAMS

Method = Literal["stratified", "tail"]
Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


def for_validation(labels: Labels, method: Method, size: int, seed: int) -> Mask:
    """Return a mask [N] of the `size` rows that are for validation; the others are for training.

    `tail` takes the last rows, `stratified` draws them. Raises StageError, naming the parameter,
    for a size that leaves no row to train on or, stratified, too few rows for the classes.
    """
    place = f"{PARAMS}: preprocess.validation_size"
    if method == "stratified":
        return _stratified(labels, size, seed, place)
    _check_size(labels, size, place)
    return np.arange(labels.size) >= labels.size - size


def for_test(labels: Labels, draw: Draw) -> Mask:
    """Return a mask [N] of the rows that are drawn for testing. Raises StageError as above."""
    return _stratified(labels, draw.rows, draw.seed, "the dataset's entry: draw_test.rows")


def require_every_class(labels: Labels, classes: Mapping[str, str], place: str) -> None:
    """Raise StageError, with the `place` of the table, for classes of which no row is to train on.

    `classes` are the dataset's: names by labels as the table spells them.
    """
    counts = np.bincount(labels, minlength=len(classes))
    absent = [
        f"{name!r} (label {label!r})"
        for (label, name), count in zip(classes.items(), counts, strict=True)
        if count == 0
    ]
    if absent:
        raise StageError(
            f"{place}: no row to train on is of class {', '.join(absent)}; expected one of every "
            "class: take those out of `classes` in the dataset's entry, or add rows"
        )


def _check_size(labels: Labels, size: int, place: str) -> None:
    if size >= labels.size:
        raise StageError(
            f"{place}: {size} leaves no row to train on; must be less than {labels.size}, the rows"
            " that there are"
        )


def _stratified(labels: Labels, size: int, seed: int, place: str) -> Mask:
    """Return a mask of `size` rows, drawn so that every class keeps its share.

    The draw is that of scikit-learn's train_test_split, whose lists of rows would take a hundred
    bytes a row.
    """
    _check_size(labels, size, place)
    counts = np.bincount(labels)
    classes = np.flatnonzero(counts)
    counts = counts[classes]
    single = ", ".join(map(str, classes[counts < 2]))
    if single:
        raise StageError(
            f"{place}: {size} cannot be stratified: every class needs two rows, and those at "
            f"places {single} (from 0) of data/raw/dataset.json's classes have one. Add rows; "
            "`preprocess.split: tail` would hold out any rows"
        )
    if classes.size > min(size, labels.size - size):
        raise StageError(
            f"{place}: {size} cannot be stratified: both parts of the {labels.size} rows need as "
            f"many as there are classes ({classes.size}). Change it; `preprocess.split: tail` "
            "would hold out any rows"
        )
    random = np.random.RandomState(seed)
    kept = _shares(counts, labels.size - size, random)
    drawn = _shares(counts - kept, size, random)
    mask = np.zeros(labels.size, np.bool_)
    for label, stay, go in zip(classes, kept, drawn, strict=True):
        rows = random.permutation(np.flatnonzero(labels == label))
        mask[rows[stay : stay + go]] = True
    return mask


def _shares(counts: Counts, size: int, random: np.random.RandomState) -> Counts:
    """Return how many of `size` rows each class gets, in proportion to its count.

    What is left after rounding down goes to the largest remainders, equal ones by lot.
    """
    exact = counts / counts.sum() * size
    shares: Counts = np.floor(exact).astype(np.int64)
    remainders = exact - shares
    for remainder in np.unique(remainders)[::-1]:
        tied = np.flatnonzero(remainders == remainder)
        lacking = min(tied.size, size - shares.sum())
        if lacking:
            shares[random.choice(tied, lacking, replace=False)] += 1
    return shares
