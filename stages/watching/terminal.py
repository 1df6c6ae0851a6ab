"""Training on the terminal: a progress bar, and a line for each evaluation."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from shared.console import log
from training.engine import Losses
from training.loop import Row
from watching.progress import progress


class Terminal:
    """Shows loss, validation accuracy, images a second and the time left."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.rate = 0.0
        self.bar = progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}"),
            TextColumn("validation accuracy {task.fields[accuracy]}"),
            TextColumn("{task.fields[rate]:,.0f} images/s"),
            TimeRemainingColumn(),
        )
        self.task = self.bar.add_task("", total=steps, loss=0.0, accuracy="–", rate=0.0)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def chunk_done(self, step: int, losses: Losses, images_per_second: float) -> None:
        """Move the bar."""
        self.rate = images_per_second
        loss = float(losses.mean())
        self.bar.update(self.task, completed=step, loss=loss, rate=images_per_second)

    def evaluated(self, row: Row) -> None:
        """Write a line."""
        accuracy = f"{row.validation_accuracy:.2%}"
        self.bar.update(self.task, accuracy=accuracy)
        log.info(
            "step %*d/%d  loss %.4f  validation loss %.4f, accuracy %s  %s images/s",
            len(str(self.steps)),
            row.step,
            self.steps,
            row.train_loss,
            row.validation_loss,
            accuracy,
            f"{self.rate:,.0f}",
        )
