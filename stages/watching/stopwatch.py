"""How long training took: for the log and for benchmarks, never for a DVC output."""

import time
from pathlib import Path

from shared.console import log
from shared.files import write_json
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

    def report(self, start_up: float, path: Path, *, resumed: bool) -> None:
        """Say how long it took, and write it beside TensorBoard's logs: it is no result."""
        seconds = {
            "start_up": round(start_up, 2),
            "training": round(self.training, 2),
            "evaluation": round(self.evaluation, 2),
            "resumed": resumed,
        }
        write_json(path, seconds)
        share = self.evaluation / self.training if self.training else 0.0
        log.info(
            "%.1f s to start; %.1f s from the first step to the last, %.1f %% of it validation",
            start_up,
            self.training,
            100 * share,
        )
