"""What is in which step: images and their changes, a pure function of seed and step number."""

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.dataset import Images, Split
from training.augmentation import Changes, draw_changes

Order = Literal["shuffled", "file"]
Indices = npt.NDArray[np.int64]


class Chunk(NamedTuple):
    """Whole steps: uint8 [S, B, H, W, C], labels int32 [S, B], augmentation float32 [S, B, 6]."""

    images: Images
    labels: npt.NDArray[np.int32]
    changes: Changes


class Batches:
    """Batches of a split that may be larger than memory, for ever.

    Epoch follows epoch without a gap: a batch may begin in one and end in the next, every batch is
    full, and every epoch has every image once. `shuffled` puts each epoch in an order of its own.
    """

    def __init__(
        self, split: Split, batch_size: int, order: Order, augmentation: float, seed: int
    ) -> None:
        self.split = split
        self.batch_size = batch_size
        self.order = order
        self.augmentation = augmentation
        self.seed = seed
        # A batch touches two epochs, or many where the split is smaller than a batch.
        self._epoch = lru_cache(maxsize=2)(self._new_epoch)

    def indices(self, step: int) -> Indices:
        """Return the rows of the split that make step `step` (counted from 0): int64 [batch]."""
        rows = len(self.split.labels)
        epochs, places = np.divmod(
            np.arange(step * self.batch_size, (step + 1) * self.batch_size), rows
        )
        if self.order == "file":
            return places
        parts = [self._epoch(int(epoch))[places[epochs == epoch]] for epoch in np.unique(epochs)]
        return np.concatenate(parts)

    def gather(self, first_step: int, steps: int) -> Chunk:
        """Return steps `first_step` to `first_step + steps`, the last not included."""
        numbers = range(first_step, first_step + steps)
        rows = np.stack([self.indices(step) for step in numbers])
        return Chunk(
            self.split.images[rows],
            self.split.labels[rows].astype(np.int32),
            np.stack([self._changes(step) for step in numbers]),
        )

    def _new_epoch(self, epoch: int) -> Indices:
        return self._random("order", epoch).permutation(len(self.split.labels))

    def _changes(self, step: int) -> Changes:
        return draw_changes(self.batch_size, self.augmentation, self._random("changes", step))

    def _random(self, use: Literal["order", "changes"], number: int) -> np.random.Generator:
        key = (("order", "changes").index(use), number)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
