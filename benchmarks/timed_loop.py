"""The training loop on a stopwatch, without the evaluation and the checkpoint that end it."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.dataset import Split
from training.batches import Batches
from training.checkpoint import Checkpoints
from training.engine import Engine, Losses
from training.loop import Row, train
from watching.terminal import Terminal


class Clock:
    """Notes when the last chunk was done, and for how many seconds all of them ran."""

    def __init__(self, batch_size: int) -> None:
        self.batch_size = batch_size
        self.start = self.now = time.perf_counter()
        self.step, self.running = 0, 0.0

    @property
    def seconds(self) -> float:
        """Seconds from the start to the last chunk's end."""
        return self.now - self.start

    def chunk_done(self, step: int, losses: Losses, images_per_second: float) -> None:  # noqa: ARG002 (the protocol's)
        """Note the time."""
        self.now = time.perf_counter()
        self.running += (step - self.step) * self.batch_size / images_per_second
        self.step = step

    def evaluated(self, row: Row) -> None:
        """Take no notice."""


def train_for(steps: int, engine: Engine, batches: Batches) -> float:
    """Train for so many steps and return the seconds they took."""
    one_image = Split(*(part[:1] for part in batches.split))
    with TemporaryDirectory() as checkpoints, Terminal(steps) as terminal:
        clock = Clock(batches.batch_size)
        train(
            engine,
            batches,
            one_image,
            steps=steps,
            eval_every=steps,
            checkpoints=Checkpoints(Path(checkpoints)),
            watchers=[terminal, clock],
        )
    return clock.seconds
