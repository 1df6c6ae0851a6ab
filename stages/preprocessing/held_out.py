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


def validation_mask(labels: Labels, method: Method, size: int, seed: int) -> Mask:
    """Return a mask [N] of the `size` rows that are for validation; the others are for training.

    `tail` takes the last rows, `stratified` draws them. Raises StageError, naming the parameter,
    for a size that leaves no row to train on or, stratified, too few rows for the classes.
    """
    place = f"{PARAMS}: preprocess.validation_size"
    if method == "stratified":
        return _stratified(labels, size, seed, place)
    _check_size(labels, size, place)
    return np.arange(labels.size) >= labels.size - size


def test_mask(labels: Labels, draw: Draw) -> Mask:
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
    """Return a mask of `size` rows, drawn so that every class keeps its share."""
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
    # A second, which `tail` need not wait for.
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    rows = np.arange(labels.size)
    _, drawn = train_test_split(rows, test_size=size, random_state=seed, stratify=labels)
    mask = np.zeros(labels.size, np.bool_)
    mask[drawn] = True
    return mask
