"""Repeated images are found as a comparison of every row with every other finds them."""

from itertools import combinations_with_replacement, product
from tempfile import TemporaryFile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from preprocessing.audit import (
    count_repeats,
    count_rows,
    drop_overlap,
    find_repeats,
    refuse_overlap,
)
from preprocessing.storage import Rows, store
from shared.console import StageError
from shared.dataset import Images, Split

NAMES = ["train", "validation", "test"]
SHIFTS = [shift for shift in product((-1, 0, 1), repeat=2) if any(shift)]
FEW_DIFFERENT_IMAGES = st.tuples(st.integers(1, 2), st.integers(1, 3)).flatmap(
    lambda size: st.tuples(
        *[
            st_numpy.arrays(
                np.uint8, st.tuples(st.integers(1, 8), *map(st.just, size), st.just(1)),
                elements=st.integers(0, 1),
            )
        ] * 3
    )
)  # fmt: skip


def splits_of(*parts: Images) -> dict[str, Rows]:
    """Train, validation and test as preprocess has them: the first two are from one table."""
    train, validation, test = parts
    images = np.concatenate([train, validation])
    held_out = np.arange(len(images)) >= len(train)

    def stored(images: Images) -> Rows:
        return store([Split(images, np.arange(len(images), dtype=np.uint8) % 3)], TemporaryFile())

    table = stored(images)
    return {
        "train": table.where(~held_out),
        "validation": table.where(held_out),
        "test": stored(test),
    }


def shifted(image: Images, other: Images) -> bool:
    """Whether one shows the other shifted by a pixel, as its definition says it."""
    height, width, _ = image.shape
    for down, right in SHIFTS:
        both = [
            (image[y, x], other[y + down, x + right])
            for y, x in product(range(height), range(width))
            if 0 <= y + down < height and 0 <= x + right < width
        ]
        if both and all((pixel == another).all() for pixel, another in both):
            return True
    return False


def brute_force(splits: dict[str, Images]) -> set[tuple[str, str, int, str, int]]:
    found = set()
    for of, split in combinations_with_replacement(splits, 2):
        for row, image in enumerate(splits[split]):
            earlier = splits[of][:row] if of == split else splits[of]
            same = [np.array_equal(image, other) for other in earlier]
            near = [shifted(image, other) for other in earlier]
            if any(same):
                found.add(("exact", split, row, of, same.index(True)))
            elif any(near):
                found.add(("shifted", split, row, of, near.index(True)))
    return found


@settings(deadline=None, max_examples=40)
@given(parts=FEW_DIFFERENT_IMAGES)
def test_repeats_are_those_of_brute_force(parts: tuple[Images, Images, Images]) -> None:
    repeats = find_repeats(splits_of(*parts), ["a", "b", "c"])
    first_row = {"train": 1, "validation": 1 + len(parts[0]), "test": 1}
    found = [
        (
            row["kind"],
            row["split"],
            row["row"] - first_row[row["split"]],
            row["of_split"],
            row["of_row"] - first_row[row["of_split"]],
        )
        for row in repeats.to_dict("records")
    ]
    expected = brute_force(dict(zip(NAMES, parts, strict=True)))
    assert set(found) == expected
    assert len(found) == len(expected)
    counts = count_repeats(repeats, NAMES)
    assert sum(counts.values()) == len(expected)
    in_both = [match for match in expected if match[:2] + match[3:4] == ("exact", "test", "train")]
    assert counts["train_test_overlap"] == len(in_both)


def pictures(*values: int) -> Images:
    """An image for each value, its pixels' colour; none shows another one shifted."""
    return np.array(values, np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8)


def test_a_repeat_names_rows_of_the_table_and_both_labels() -> None:
    repeats = find_repeats(
        splits_of(pictures(1, 2, 3), pictures(4, 2), pictures(9, 8, 7, 4)), ["ant", "bee", "fly"]
    )
    assert repeats.to_csv(index=False, lineterminator="\n").splitlines() == [
        "kind,split,row,label,of_split,of_row,of_label",
        "exact,validation,5,bee,train,2,bee",
        "exact,test,4,ant,validation,4,ant",
    ]


def test_every_count_is_there_without_any_repeat() -> None:
    splits = splits_of(pictures(1), pictures(2), pictures(3))
    repeats = find_repeats(splits, ["a", "b", "c"])
    assert list(repeats.columns)[:3] == ["kind", "split", "row"]
    counts = count_repeats(repeats, NAMES)
    assert len(counts) == 12
    assert not any(counts.values())
    refuse_overlap(repeats)


def test_a_near_repeat_is_no_overlap_and_stays() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 5, 6, 3), np.uint8)
    moved = np.roll(image, (1, -1), axis=(1, 2))
    splits = splits_of(image, np.zeros_like(image), moved)
    repeats = find_repeats(splits, ["a", "b", "c"])
    assert count_repeats(repeats, NAMES)["train_test_near_overlap"] == 1
    refuse_overlap(repeats)
    assert drop_overlap(splits)["train"].labels.size == 1


def test_dropped_rows_are_those_that_a_later_split_has_and_none_of_the_last() -> None:
    splits = splits_of(pictures(1, 2, 3, 2, 1, 5), pictures(2, 4, 6, 6), pictures(1, 4, 9, 9))
    kept = drop_overlap(splits)
    left = {
        name: np.concatenate(list(rows.images()))[:, 0, 0, 0].tolist()
        for name, rows in kept.items()
    }
    assert left == {"train": [3, 5], "validation": [2, 6, 6], "test": [1, 4, 9, 9]}
    assert kept["train"].row_names.tolist() == [3, 6]
    assert kept["train"].labels.tolist() == [2, 2]
    assert count_rows(splits, kept) == {
        "train_rows": 2,
        "validation_rows": 3,
        "test_rows": 4,
        "train_dropped": 4,
        "validation_dropped": 1,
    }
    found = count_repeats(find_repeats(kept, ["a", "b", "c"]), NAMES)
    assert [
        found[f"{pair}_overlap"] for pair in ("train_validation", "train_test", "validation_test")
    ] == [0, 0, 0]


def test_dropping_every_row_is_refused() -> None:
    splits = splits_of(pictures(1, 1), pictures(2), pictures(1, 3))
    with pytest.raises(
        StageError, match=r"^params.yaml: preprocess.on_overlap: drop leaves no row of train"
    ):
        drop_overlap(splits)


def test_an_overlap_is_refused_with_its_first_rows_and_a_count() -> None:
    splits = splits_of(pictures(1, 2, 1), pictures(8), pictures(9, *[1] * 25))
    repeats = find_repeats(splits, ["a", "b", "c"])
    with pytest.raises(StageError) as error:
        refuse_overlap(repeats)
    first, *rows, more, cure = str(error.value).splitlines()
    assert first.startswith("params.yaml: preprocess.on_overlap: is fail, and images are in more")
    assert rows == [f"  row {row} of test is row 1 of train" for row in range(2, 22)]
    assert more == "  and 5 more"
    assert "drop" in cure


def test_repeats_within_a_split_are_no_overlap() -> None:
    repeats = find_repeats(splits_of(pictures(1, 1), pictures(2, 2), pictures(3)), ["a", "b", "c"])
    refuse_overlap(repeats)
