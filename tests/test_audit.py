"""Repeated images are counted as a comparison of every row with every other counts them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from preprocessing.audit import count_repeats, image_digests, rows_per_class
from shared.dataset import Images

FEW_DIFFERENT_IMAGES = st_numpy.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.just(1), st.just(2), st.just(1)),
    elements=st.integers(0, 2),
)  # fmt: skip


def repeats(images: Images, others: Images) -> int:
    return sum(any(np.array_equal(image, other) for other in others) for image in images)


@given(train=FEW_DIFFERENT_IMAGES, validation=FEW_DIFFERENT_IMAGES, test=FEW_DIFFERENT_IMAGES)
def test_counts_are_those_of_brute_force(train: Images, validation: Images, test: Images) -> None:
    earlier = sum(repeats(train[row : row + 1], train[:row]) for row in range(len(train)))
    assert count_repeats(image_digests(train), image_digests(validation), image_digests(test)) == {
        "train_rows": len(train),
        "validation_rows": len(validation),
        "test_rows": len(test),
        "train_duplicates": earlier,
        "train_validation_overlap": repeats(validation, train),
        "train_test_overlap": repeats(test, train),
        "validation_test_overlap": repeats(test, validation),
    }


def test_one_pixel_of_difference_is_another_image() -> None:
    images = np.full((785, 28, 28, 1), 7, np.uint8)
    images.reshape(785, 784)[np.arange(784), np.arange(784)] += 1
    assert np.unique(image_digests(images)).size == 785


def test_a_digest_takes_16_bytes_and_does_not_change_from_run_to_run() -> None:
    (digest,) = image_digests(np.arange(6, dtype=np.uint8).reshape(1, 2, 3, 1))
    assert digest.tobytes().hex() == "6b0657075841f014ecc188be63e45c62"


def test_rows_are_counted_for_every_class_and_split() -> None:
    splits = {"train": np.array([0, 2, 2], np.uint8), "test": np.array([1], np.uint8)}
    table = rows_per_class(splits, ["cat", "dog", "eel"])
    assert table.to_csv(index=False, lineterminator="\n").splitlines() == [
        "class,split,rows",
        "cat,train,1",
        "dog,train,0",
        "eel,train,2",
        "cat,test,0",
        "dog,test,1",
        "eel,test,0",
    ]
