"""The train stage's engine and loop on a stopwatch, by params.yaml but for what is chosen."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import setting
from shared.dataset import Split, load_dataset, open_split
from shared.params import load
from training.batches import Batches
from training.building import build_batches, build_engine, build_model, configure
from training.checkpoint import Checkpoints
from training.engine import Engine, Losses
from training.loop import Watcher, train
from training.params import TrainParams
from watching.stopwatch import Stopwatch
from watching.terminal import Terminal


class Clock(Stopwatch):
    """The stage's stopwatch, which also counts the seconds in which chunks run."""

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.step, self.running = 0, 0.0

    @property
    def chunks(self) -> float:
        """Seconds from the start to the last chunk's end, where nothing but it is evaluated."""
        return self.training - self.evaluation

    def chunk_done(self, step: int, losses: Losses, images_per_second: float) -> None:
        """Note the time."""
        super().chunk_done(step, losses, images_per_second)
        self.running += (step - self.step) * self.batch_size / images_per_second
        self.step = step


def prepare(
    choices: Mapping[str, Any], vary: Callable[[Any], Any] | None = None, *, xla: bool = False
) -> tuple[Engine, Batches]:
    """Return the engine and the batches; `vary` makes another model of the one chosen."""
    given = load(TrainParams, "train").model_dump()
    params = TrainParams.model_validate({**given, **choices})
    configure(params)
    model = build_model(params, load_dataset(setting.DATASET))
    engine = build_engine(params, vary(model) if vary else model, xla=xla)
    return engine, build_batches(params, open_split(setting.TRAIN))


def train_for(
    steps: int,
    engine: Engine,
    batches: Batches,
    validation: Split | None = None,
    eval_every: int | None = None,
    watchers: Sequence[Watcher] = (),
) -> Clock:
    """Train for so many steps; without `validation`, one image is evaluated, at the end."""
    with TemporaryDirectory() as checkpoints, Terminal(steps) as terminal:
        clock = Clock(batches.batch_size)
        train(
            engine,
            batches,
            validation or Split(*(part[:1] for part in batches.split)),
            steps=steps,
            eval_every=eval_every or steps,
            checkpoints=Checkpoints(Path(checkpoints)),
            watchers=[terminal, *watchers, clock],
        )
    return clock
