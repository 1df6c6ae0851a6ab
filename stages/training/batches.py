"""What is in which step: images and their changes, a pure function of seed and step number."""

import math
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.dataset import Images, Split
from training.augmentation import Augmentation, Changes

Order = Literal["shuffled", "file"]
Indices = npt.NDArray[np.int64]


class Chunk(NamedTuple):
    """Whole steps: uint8 [S, B, H, W, C], labels int32 [S, B], changes float32 [S, B, columns]."""

    images: Images
    labels: npt.NDArray[np.int32]
    changes: Changes


class Batches:
    """Batches of a split that may be larger than memory, for ever.

    Epoch follows epoch without a gap: a batch may begin in one and end in the next, every batch is
    full, and every epoch has every image once. `shuffled` puts each epoch in an order of its own.
    """

    def __init__(
        self, split: Split, batch_size: int, order: Order, augmentation: Augmentation, seed: int
    ) -> None:
        self.split = split
        self.batch_size = batch_size
        self.order = order
        self.augmentation = augmentation
        self.seed = seed
        # A batch touches two epochs, or many where the split is smaller than a batch.
        self._epoch = lru_cache(maxsize=2)(self._new_epoch)

    def gather(self, first_step: int, steps: int) -> Chunk:
        """Return steps `first_step` to `first_step + steps`, the last not included."""
        rows = self._rows(first_step, steps).reshape(steps, self.batch_size)
        return Chunk(
            self.split.images.take(rows, axis=0),
            self.split.labels.take(rows).astype(np.int32),
            self._changes(first_step, steps),
        )

    def _rows(self, first_step: int, steps: int) -> Indices:
        """Return the rows that make the steps, one after the other: int64 [steps * batch]."""
        first, end = first_step * self.batch_size, (first_step + steps) * self.batch_size
        size = len(self.split.labels)
        return np.concatenate(
            [
                self._epoch(epoch)[max(0, first - epoch * size) : end - epoch * size]
                for epoch in range(first // size, math.ceil(end / size))
            ]
        )

    def _new_epoch(self, epoch: int) -> Indices:
        rows = len(self.split.labels)
        if self.order == "file":
            return np.arange(rows)
        return self._random("order", epoch).permutation(rows)

    def _changes(self, first_step: int, steps: int) -> Changes:
        return np.stack(
            [
                self.augmentation.draw(self.batch_size, self._random("changes", step))
                for step in range(first_step, first_step + steps)
            ]
        )

    def _random(self, use: Literal["order", "changes"], number: int) -> np.random.Generator:
        key = (("order", "changes").index(use), number)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
