"""How long training took: for the log and for benchmarks, never for a DVC output."""

import time

from training.engine import Losses
from training.loop import Row


class Stopwatch:
    """Counts seconds from its making, just before the first step, to the last evaluation."""

    def __init__(self) -> None:
        self.start = self.now = time.perf_counter()
        self.evaluation = 0.0

    @property
    def training(self) -> float:
        """Seconds from the first step to the end of the last evaluation."""
        return self.now - self.start

    def chunk_done(self, step: int, losses: Losses, images_per_second: float) -> None:  # noqa: ARG002 (the protocol's)
        """Note the time."""
        self.now = time.perf_counter()

    def evaluated(self, row: Row) -> None:  # noqa: ARG002 (the protocol's)
        """Count what went by since the last chunk as evaluation."""
        before, self.now = self.now, time.perf_counter()
        self.evaluation += self.now - before
