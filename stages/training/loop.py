"""The training loop: chunks of steps, an evaluation every so many, a checkpoint after each."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from shared.console import ParameterError
from shared.dataset import Split
from shared.files import replacing
from training.batches import Batches
from training.checkpoint import Checkpoints
from training.engine import Engine, Losses, Placed

CHUNK_SECONDS = 1.0  # how long a signal may wait, and how often the progress bar moves
# Of images on the device, whatever the size of the data. Blocks above 32 MiB, glibc gives back and
# takes anew for every chunk, and clearing them costs more than a small network's step.
CHUNK_BYTES = 16 * 2**20


class Row(NamedTuple):
    """A row of plots/history.csv: the state after `step` steps.

    `train_loss` is the mean over the steps since the row before, on augmented images and with
    label smoothing; `learning_rate` is the next step's.
    """

    step: int
    learning_rate: float
    train_loss: float
    validation_loss: float
    validation_accuracy: float


class Watcher(Protocol):
    """Is told how training goes on."""

    def chunk_done(self, step: int, losses: Losses, images_per_second: float) -> None:
        """`step` steps are done; `losses` are the last chunk's, and so is the device's speed."""

    def evaluated(self, row: Row) -> None:
        """An evaluation is done."""


def most_steps_a_chunk(batch_size: int, pixels: int) -> int:
    """Return how many batches of `batch_size` images of `pixels` bytes fit into a chunk."""
    return max(1, CHUNK_BYTES // (batch_size * pixels))


def train(
    engine: Engine,
    batches: Batches,
    validation: Split,
    *,
    steps: int,
    eval_every: int,
    checkpoints: Checkpoints,
    watchers: Sequence[Watcher],
    history_file: Path | None = None,
) -> list[Row]:
    """Train up to `steps` steps, from the newest checkpoint if there is one; return the history.

    Evaluates every `eval_every` steps and after the last, and each time writes the whole history,
    so that it can be looked at while the run goes on. Raises ParameterError when a loss is not
    finite.
    """
    history = [Row(*row) for row in checkpoints.restore(engine.variables)]
    if history_file and history:  # DVC has removed it, and there may be no step left
        _write_history(history_file, history)
    size = 1
    while not history or history[-1].step < steps:
        start = history[-1].step if history else 0
        end = min((start // eval_every + 1) * eval_every, steps)
        losses, size = _train_between(engine, batches, start, end, size, watchers)
        learning_rate = engine.learning_rate
        score = engine.evaluate(validation)
        if not np.isfinite(score.loss):
            raise _diverged(end, score.loss)
        history.append(Row(end, learning_rate, float(losses.mean(dtype=np.float64)), *score))
        if history_file:
            _write_history(history_file, history)
        for watcher in watchers:
            watcher.evaluated(history[-1])
        checkpoints.save(end, engine.variables, history)
    return history


def _train_between(
    engine: Engine,
    batches: Batches,
    start: int,
    end: int,
    size: int,
    watchers: Sequence[Watcher],
) -> tuple[Losses, int]:
    """Run steps `start` to `end`, placing each chunk on the device while the one before it runs.

    `size` is the first chunk's, in steps; the size that fits the measured speed is returned.
    """
    largest = engine.xla_capacity or most_steps_a_chunk(
        batches.batch_size, batches.split.images[0].size
    )
    losses = []
    with ThreadPoolExecutor(max_workers=1) as background:
        step = start
        placed = background.submit(_place, engine, batches, step, min(size, end - step))
        while step < end:
            chunk = placed.result()
            ahead = step + chunk.steps
            if ahead < end:
                placed = background.submit(_place, engine, batches, ahead, min(size, end - ahead))
            trained = engine.train(chunk)
            losses.append(trained.losses)
            seconds = trained.seconds / chunk.steps
            size = min(largest, max(1, int(CHUNK_SECONDS / seconds)))
            _check_finite(losses[-1], step)
            step = ahead
            for watcher in watchers:
                watcher.chunk_done(step, losses[-1], batches.batch_size / seconds)
    return np.concatenate(losses), size


def _write_history(path: Path, history: Sequence[Row]) -> None:
    """Write the table as `write_csv` would, without half a second of pandas's import."""
    rows = (
        ",".join([str(step), *(f"{figure:.6g}" for figure in figures)])
        for step, *figures in history
    )
    with replacing(path) as temporary:
        text = "\n".join([",".join(Row._fields), *rows, ""])
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _place(engine: Engine, batches: Batches, first_step: int, steps: int) -> Placed:
    return engine.place(batches.gather(first_step, steps))


def _check_finite(losses: Losses, first_step: int) -> None:
    wrong = np.flatnonzero(~np.isfinite(losses))
    if len(wrong):
        raise _diverged(first_step + int(wrong[0]) + 1, float(losses[wrong[0]]))


def _diverged(step: int, loss: float) -> ParameterError:
    return ParameterError(
        f"step {step}: the loss is {loss}; most likely params.yaml: train.learning_rate is too "
        "high for this network and optimizer (with mixed_float16, numbers may also have "
        "overflowed: try mixed_bfloat16)"
    )
