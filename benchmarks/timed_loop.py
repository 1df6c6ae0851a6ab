"""The train stage's engine and loop on a stopwatch, by params.yaml but for what is chosen."""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import setting
from shared.dataset import Split, load_dataset, open_split
from shared.params import load
from training.batches import Batches
from training.building import build_batches, build_engine, build_model, configure
from training.checkpoint import Checkpoints
from training.engine import Engine
from training.loop import train
from training.params import TrainParams
from watching.stopwatch import Stopwatch
from watching.terminal import Terminal


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


def train_for(steps: int, engine: Engine, batches: Batches) -> float:
    """Train for so many steps, and return their seconds; what ends them is not counted."""
    one_image = Split(*(part[:1] for part in batches.split))
    with TemporaryDirectory() as checkpoints, Terminal(steps) as terminal:
        stopwatch = Stopwatch()
        train(
            engine,
            batches,
            one_image,
            steps=steps,
            eval_every=steps,
            checkpoints=Checkpoints(Path(checkpoints)),
            watchers=[terminal, stopwatch],
        )
    return stopwatch.training - stopwatch.evaluation
