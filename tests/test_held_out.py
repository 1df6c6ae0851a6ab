"""Validation rows are held out as the parameters say, or the parameter is refused by name."""

import hashlib

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from preprocessing import held_out
from preprocessing.held_out import Method, validation_mask
from shared.console import StageError
from shared.dataset import Draw

LABELS = np.repeat(np.array([0, 1, 2], np.uint8), [600, 300, 100])


def test_tail_holds_out_the_last_rows() -> None:
    mask = validation_mask(LABELS, "tail", 7, seed=0, groups=None)
    assert np.flatnonzero(mask).tolist() == list(range(993, 1000))


def test_stratified_keeps_the_share_of_every_class() -> None:
    mask = validation_mask(LABELS, "stratified", 50, seed=0, groups=None)
    assert np.bincount(LABELS[mask]).tolist() == [30, 15, 5]


def test_stratified_holds_out_exactly_as_many_rows_as_asked() -> None:
    sizes = [
        validation_mask(LABELS, "stratified", size, seed=3, groups=None).sum()
        for size in (3, 17, 500, 997)
    ]
    assert sizes == [3, 17, 500, 997]


def test_the_seed_decides_which_rows() -> None:
    first, again, other = (
        validation_mask(LABELS, "stratified", 50, seed, None) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_draw_stays_the_same_from_version_to_version() -> None:
    # preprocess does not depend on requirements.txt: another draw must be noticed here.
    mask = validation_mask(LABELS, "stratified", 50, seed=0, groups=None)
    assert hashlib.sha256(mask.tobytes()).hexdigest()[:16] == "549353ca3fcf72fe"


def test_classes_that_cannot_be_in_both_parts_are_named() -> None:
    labels = np.array([0, 0, 4, 2, 2, 7], np.uint8)
    with pytest.raises(StageError, match=r"validation_size: 3 .* at places 4, 7 \(from 0\)"):
        validation_mask(labels, "stratified", 3, seed=0, groups=None)


def test_a_test_set_is_drawn_by_the_entrys_own_seed() -> None:
    mask = held_out.test_mask(LABELS, Draw(rows=50, seed=0), None)
    np.testing.assert_array_equal(
        mask, validation_mask(LABELS, "stratified", 50, seed=0, groups=None)
    )
    with pytest.raises(StageError, match=r"^the dataset's entry: draw_test.rows: 1000 leaves"):
        held_out.test_mask(LABELS, Draw(rows=1000, seed=0), None)


def test_rows_come_from_all_over_the_table() -> None:
    rows = np.flatnonzero(validation_mask(LABELS, "stratified", 300, seed=0, groups=None))
    assert np.diff(rows).max() < 60


@pytest.mark.parametrize("method", ["tail", "stratified"])
@pytest.mark.parametrize("size", [1000, 1001])
def test_a_size_that_leaves_nothing_to_train_on_is_refused(method: Method, size: int) -> None:
    with pytest.raises(StageError) as caught:
        validation_mask(LABELS, method, size, seed=0, groups=None)
    assert str(caught.value) == (
        f"params.yaml: preprocess.validation_size: {size} leaves no row to train on;"
        " must be less than 1000, the rows that there are"
    )


@pytest.mark.parametrize(
    ("labels", "size"),
    [(LABELS, 2), (LABELS, 998), (np.array([0, 0, 0, 0, 1]), 2)],
    ids=["fewer-than-classes", "fewer-left-than-classes", "a-class-of-one-row"],
)
def test_a_size_that_cannot_be_stratified_is_refused(labels: np.ndarray, size: int) -> None:
    place = f"^params.yaml: preprocess.validation_size: {size} cannot be stratified: "
    with pytest.raises(StageError, match=place):
        validation_mask(labels.astype(np.uint8), "stratified", size, seed=0, groups=None)
    assert validation_mask(labels.astype(np.uint8), "tail", size, seed=0, groups=None).sum() == size


def test_a_share_is_of_all_rows() -> None:
    share = validation_mask(LABELS, "stratified", 0.05, seed=0, groups=None)
    np.testing.assert_array_equal(share, validation_mask(LABELS, "stratified", 50, 0, None))
    assert validation_mask(LABELS, "tail", 0.1, seed=0, groups=None).sum() == 100


@pytest.mark.parametrize("rare", [2, 3])
@pytest.mark.parametrize("size", [5, 997])
def test_a_rare_class_has_a_row_in_both_parts(rare: int, size: int) -> None:
    labels = np.repeat([0, 1, 2, 3], [600, 300, 100, rare]).astype(np.uint8)
    mask = validation_mask(labels, "stratified", size, seed=0, groups=None)
    assert mask.sum() == size
    assert set(labels[mask]) == set(labels[~mask]) == {0, 1, 2, 3}


def test_a_group_is_in_one_part_alone() -> None:
    labels = np.random.default_rng(0).integers(0, 3, 1000).astype(np.uint8)
    groups = np.array([f"writer {row // 10}" for row in range(1000)], object)
    mask = validation_mask(labels, "stratified", 200, seed=0, groups=groups)
    assert not set(groups[mask]) & set(groups[~mask])
    assert abs(mask.sum() - 200) <= 20
    assert np.bincount(labels[mask]).min() > 50
    other = validation_mask(labels, "stratified", 200, seed=1, groups=groups)
    assert (mask != other).any()


@pytest.mark.parametrize(
    ("count", "said"),
    [(3, "is one of 5 parts, and there are only 3 groups"), (10, "without any row of .* places 2")],
)
def test_groups_that_cannot_be_split_are_refused(count: int, said: str) -> None:
    labels = np.repeat(np.array([0, 1, 2], np.uint8), [80, 80, 40])
    groups = np.arange(200) * count // 200
    if count == 10:
        groups[labels == 2] = 7
    with pytest.raises(StageError, match=f"^params.yaml: preprocess.validation_size: 40.* {said}"):
        validation_mask(labels, "stratified", 40, seed=0, groups=groups.astype(str).astype(object))


def test_without_groups_a_model_is_measured_on_what_it_knows_by_heart() -> None:
    random = np.random.default_rng(0)
    writers = np.repeat(np.arange(100), 10)
    labels = random.integers(0, 2, 100).astype(np.uint8)[writers]  # one class a writer
    hands = random.normal(0, 1, (100, 64))
    images = hands[writers] + 0.2 * labels[:, None] + random.normal(0, 0.2, (1000, 64))

    def accuracy(groups: held_out.Groups | None) -> float:
        test = held_out.test_mask(labels, Draw(rows=200, seed=0), groups)
        nearest = KNeighborsClassifier(1).fit(images[~test], labels[~test])
        return float(nearest.score(images[test], labels[test]))

    assert accuracy(None) > 0.99
    assert accuracy(writers.astype(str).astype(object)) < 0.75
