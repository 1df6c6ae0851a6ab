"""Which rows of the train table are held out, for validation and, without a test table, to test."""

import warnings
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from shared.console import StageError
from shared.dataset import Draw, Labels
from shared.params import PARAMS

Method = Literal["stratified", "tail"]
Mask = npt.NDArray[np.bool_]
Groups = npt.NDArray[np.object_]


def validation_mask(
    labels: Labels, method: Method, size: float, seed: int, groups: Groups | None
) -> Mask:
    """Return a mask [N] of the rows that are for validation; the others are for training.

    Size is a number of rows, or a share of them below 1. `tail` takes the last rows, `stratified`
    draws them; where there are `groups` [N], it draws whole groups, of about as many rows. Raises
    StageError, naming the parameter, for a size that leaves no row to train on or, stratified, too
    few rows for the classes.
    """
    place = f"{PARAMS}: preprocess.validation_size"
    rows = round(size * labels.size) if size < 1 else int(size)
    if method == "stratified":
        return _stratified(labels, rows, seed, place, groups)
    _check_size(labels, rows, place)
    return np.arange(labels.size) >= labels.size - rows


def test_mask(labels: Labels, draw: Draw, groups: Groups | None) -> Mask:
    """Return a mask [N] of the rows that are drawn for testing. Raises StageError as above."""
    place = "the dataset's entry: draw_test.rows"
    return _stratified(labels, draw.rows, draw.seed, place, groups)


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


def _stratified(labels: Labels, size: int, seed: int, place: str, groups: Groups | None) -> Mask:
    """Return a mask of `size` rows, drawn so that every class keeps its share, and has a row."""
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
    mask = np.zeros(labels.size, np.bool_)
    if groups is None:
        mask[_draw(labels, size, seed)] = True
        _give_every_class_a_row(mask, labels)
    else:
        mask[_draw_groups(labels, size, seed, groups, place)] = True
        short = [part for part in (mask, ~mask) if np.unique(labels[part]).size < classes.size]
        if short:
            absent = ", ".join(map(str, np.setdiff1d(classes, labels[short[0]])))
            raise StageError(
                f"{place}: {size}: whole groups leave a part without any row of the classes at "
                f"places {absent} (from 0) of data/raw/dataset.json's. Change it, or add groups"
            )
    return mask


def _draw(labels: Labels, size: int, seed: int) -> npt.NDArray[np.intp]:
    # A second, which `tail` need not wait for.
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    rows = np.arange(labels.size)
    drawn: npt.NDArray[np.intp] = train_test_split(
        rows, test_size=size, random_state=seed, stratify=labels
    )[1]
    return drawn


def _draw_groups(
    labels: Labels, size: int, seed: int, groups: Groups, place: str
) -> npt.NDArray[np.intp]:
    """Return the rows of whole groups, about `size`, with about the share of every class."""
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415

    folds = max(2, round(labels.size / size))
    count = np.unique(groups).size
    if count < folds:
        raise StageError(
            f"{place}: {size} of {labels.size} rows is one of {folds} parts, and there are only "
            f"{count} groups; hold out more rows"
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # of classes with fewer rows than there are folds
        warnings.simplefilter("ignore", UserWarning)
        parts = splitter.split(labels, labels, groups)
        held_out: npt.NDArray[np.intp] = next(parts)[1]
    return held_out


def _give_every_class_a_row(mask: Mask, labels: Labels) -> None:
    """Exchange rows of rare classes, of which a part has none, for rows of the most frequent."""
    most = np.bincount(labels).argmax()
    for part in (mask, ~mask):
        for absent in np.setdiff1d(labels, labels[part]):
            taken = np.flatnonzero(~part & (labels == absent))[0]
            given = np.flatnonzero(part & (labels == most))[0]
            mask[[taken, given]] = ~mask[[taken, given]]
