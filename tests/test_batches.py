from typing import Any

import numpy as np
import pytest

from shared.dataset import Split
from training.augmentation import LARGEST, Augmentation
from training.batches import Batches, Order


def numbered(rows: int) -> Split:
    """A split in which an image's only pixel is its row."""
    return Split(
        np.arange(rows, dtype=np.uint8).reshape(-1, 1, 1, 1), np.arange(rows, dtype=np.uint8)
    )


def rows_of(batches: Batches, step: int) -> Any:
    """Which rows of `numbered` make the step."""
    [labels] = batches.gather(step, 1).labels
    return labels


@pytest.mark.parametrize("rows", [10, 7, 3, 1])
def test_every_epoch_has_every_image_once_across_batch_borders(rows: int) -> None:
    batches = Batches(numbered(rows), 4, "shuffled", augmentation=Augmentation(1.0), seed=0)
    stream = np.concatenate([rows_of(batches, step) for step in range(rows * 2)])
    for epoch in stream.reshape(-1, rows):
        assert sorted(epoch) == list(range(rows))


def test_file_order_is_the_table_s_and_starts_anew() -> None:
    batches = Batches(numbered(5), 3, "file", augmentation=Augmentation(1.0), seed=0)
    assert [rows_of(batches, step).tolist() for step in range(3)] == [
        [0, 1, 2],
        [3, 4, 0],
        [1, 2, 3],
    ]


@pytest.mark.parametrize("order", ["shuffled", "file"])
def test_a_step_s_images_do_not_depend_on_how_the_steps_are_asked_for(order: Order) -> None:
    everything = Augmentation(1.0, photometric=1.0, inversion=True)
    whole = Batches(numbered(50), 8, order, everything, seed=3).gather(0, 20)
    for first, steps in [(0, 1), (13, 7), (6, 1)]:
        chunk = Batches(numbered(50), 8, order, everything, seed=3).gather(first, steps)
        for part, all_steps in zip(chunk, whole, strict=True):
            np.testing.assert_array_equal(part, np.asarray(all_steps)[first : first + steps])
        np.testing.assert_array_equal(chunk.labels, chunk.images[..., 0, 0, 0])


def test_epochs_and_seeds_differ() -> None:
    first = Batches(numbered(50), 50, "shuffled", augmentation=Augmentation(1.0), seed=0)
    assert rows_of(first, 0).tolist() != rows_of(first, 1).tolist()
    assert (
        rows_of(first, 0).tolist()
        != rows_of(
            Batches(numbered(50), 50, "shuffled", augmentation=Augmentation(1.0), seed=1), 0
        ).tolist()
    )


def test_changes_differ_from_step_to_step_and_keep_within_the_strength() -> None:
    changes = (
        Batches(numbered(50), 200, "file", augmentation=Augmentation(0.5), seed=0)
        .gather(0, 2)
        .changes
    )
    assert (changes[0] != changes[1]).all()
    assert changes.shape == (2, 200, 6)
    largest = np.abs(changes).max(axis=(0, 1))
    assert (largest <= 0.5 * LARGEST).all()
    assert (largest > 0.45 * LARGEST).all()


def test_without_augmentation_nothing_changes() -> None:
    changes = (
        Batches(numbered(50), 20, "file", augmentation=Augmentation(0.0), seed=0)
        .gather(0, 2)
        .changes
    )
    assert not changes.any()
