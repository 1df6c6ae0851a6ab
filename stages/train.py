"""Train a classifier on the prepared images: a checkpointed loop of compiled chunks of steps."""

import os
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import psutil
from pydantic import Field

from shared.console import log, run
from shared.dataset import load_dataset, open_split
from shared.files import remove, write_json
from shared.params import Params, load
from shared.tables import write_csv
from shared.tf import keras, tf
from training.archive import save_model
from training.augmentation import Augmentation
from training.batches import Batches, Order
from training.calibration import Calibration, calibrated
from training.checkpoint import Checkpoints
from training.device import Device, choose
from training.engine import Engine
from training.lock import only_trainer
from training.loop import Row, most_steps_a_chunk, train
from training.network import Activation, Choices, Network, Padding, Pooling, build
from training.optimization import Optimizer, Schedule, build_optimizer, build_schedule
from training.recipe import Recipe, describe
from training.stopwatch import Stopwatch
from training.strategy import Strategy, assemble
from training.team import Team
from training.tensorboard import TensorBoard
from training.terminal import Terminal

DATASET = Path("data/raw/dataset.json")
TRAIN = Path("data/prepared/train.npz")
VALIDATION = Path("data/prepared/validation.npz")
MODEL = Path("models/model.keras")
RECIPE = Path("models/recipe.json")
METRICS = Path("metrics/train.json")
HISTORY = Path("plots/history.csv")
CHECKPOINTS = Path(os.environ.get("CHECKPOINT_DIR", ".checkpoints"))
LOGS = Path(os.environ.get("LOG_DIR", "logs"))
LOCK = Path(".dvc/tmp/train.pid")

Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(ge=0, lt=1)]


class TrainParams(Params):
    """Section `train` of params.yaml; what each value does stands in docs/training.md."""

    network: Network
    width: Positive
    padding: Padding
    pooling: Pooling
    activation: Activation
    dropout: Rate
    steps: Positive
    batch_size: Positive
    order: Order
    augmentation: Annotated[float, Field(ge=0, le=3)]
    horizontal_flip: bool
    optimizer: Optimizer
    momentum: Rate
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    schedule: Schedule
    label_smoothing: Rate
    calibration: Calibration
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    eval_every: Positive
    device: Device
    strategy: Strategy
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"]
    deterministic: bool

    @property
    def changes(self) -> Augmentation:
        """How images are changed at random."""
        return Augmentation(self.augmentation, self.horizontal_flip)


def main() -> None:
    """Read, train, write."""
    params = load(TrainParams, "train")
    device, reason = choose(params.device)
    log.info(reason)
    with assemble(params.strategy, params.batch_size) as team:
        if team.chief:
            lead(params, team, device)
        else:
            follow(params, team, device)


def lead(params: TrainParams, team: Team, device: str) -> None:
    """Train and write."""
    with ExitStack() as locks:
        locks.enter_context(only_trainer(LOCK))
        engine, recipe, train_on = prepare(params, team, device)
        engine.model.summary(print_fn=log.info)
        checkpoints = Checkpoints(CHECKPOINTS / recipe.fingerprint, team.share)
        locks.enter_context(only_trainer(checkpoints.folder / "train.pid"))
        logs = LOGS / recipe.run_name
        resumed = checkpoints.exist()
        if not resumed:
            remove(logs)  # an earlier run's curves
        validation = open_split(VALIDATION)
        tensorboard = TensorBoard(logs, engine, validation.images[:100])
        start_up = time.time() - psutil.Process().create_time()
        with Terminal(params.steps) as terminal:
            stopwatch = Stopwatch()
            watchers = [stopwatch, terminal, tensorboard]
            history = train_on(checkpoints=checkpoints, watchers=watchers)
        report(start_up, stopwatch, logs / "seconds.json", resumed=resumed)
        model = engine.model
        if params.calibration == "temperature":
            model = calibrated(model, validation)
        write(model, recipe, history)
        team.meet()  # a worker lost until here fails the run, which goes on from its checkpoint
        checkpoints.delete()


def follow(params: TrainParams, team: Team, device: str) -> None:
    """Train along with the chief, which alone writes."""
    _, recipe, train_on = prepare(params, team, device)
    checkpoints = Checkpoints(CHECKPOINTS / recipe.fingerprint, team.share, writes=False)
    train_on(checkpoints=checkpoints, watchers=[])
    team.meet()


def prepare(
    params: TrainParams, team: Team, device: str
) -> tuple[Engine, Recipe, partial[list[Row]]]:
    """Return the compiled engine, the recipe, and the loop over the splits, ready to start."""
    # On a CPU, XLA's convolutions are slower than oneDNN's; several replicas are not for XLA.
    xla = device != "CPU" and team.replicas == 1
    with team.strategy.scope():
        engine = build_engine(params, xla=xla)
    recipe = describe(
        params.model_dump(), DATASET, [TRAIN, VALIDATION], team.describe(device), engine.model
    )
    team.require_same(recipe.fingerprint)
    batches = build_batches(params)
    engine.compile(batches.gather(0, 1))
    train_on = partial(
        train,
        engine,
        batches,
        open_split(VALIDATION),
        steps=params.steps,
        eval_every=params.eval_every,
        agree=team.agree,
    )
    return engine, recipe, train_on


def build_engine(params: TrainParams, *, xla: bool) -> Engine:
    """Return network, optimizer and compiled steps, all seeded."""
    keras.utils.set_random_seed(params.seed)
    if params.deterministic:
        tf.config.experimental.enable_op_determinism()
    if os.environ.get("LOG_DEVICE_PLACEMENT") == "1":
        tf.debugging.set_log_device_placement(True)
    keras.config.set_dtype_policy(params.precision)
    dataset = load_dataset(DATASET)
    choices = Choices(
        params.width, params.padding, params.pooling, params.activation, params.dropout
    )
    model = build(params.network, dataset.image, len(dataset.classes), choices)
    schedule = build_schedule(params.schedule, params.learning_rate, params.steps)
    optimizer = build_optimizer(
        params.optimizer,
        schedule,
        momentum=params.momentum,
        scale_loss=params.precision == "mixed_float16",
    )
    largest = most_steps_a_chunk(params.batch_size, dataset.image.pixels)
    return Engine(
        model,
        optimizer,
        batch_size=params.batch_size,
        label_smoothing=params.label_smoothing,
        augment=params.changes.changes_images,
        xla_capacity=min(largest, params.eval_every, params.steps) if xla else None,
    )


def build_batches(params: TrainParams) -> Batches:
    """Return what each step trains on."""
    split = open_split(TRAIN)
    return Batches(split, params.batch_size, params.order, params.changes, params.seed)


def report(start_up: float, stopwatch: Stopwatch, path: Path, *, resumed: bool) -> None:
    """Say how long it took, and write it beside TensorBoard's logs: it is no result."""
    seconds = {
        "start_up": round(start_up, 2),
        "training": round(stopwatch.training, 2),
        "evaluation": round(stopwatch.evaluation, 2),
        "resumed": resumed,
    }
    write_json(path, seconds)
    share = stopwatch.evaluation / stopwatch.training if stopwatch.training else 0.0
    log.info(
        "%.1f s to start; %.1f s from the first step to the last, %.1f %% of it validation",
        start_up,
        stopwatch.training,
        100 * share,
    )


def write(model: Any, recipe: Recipe, history: list[Row]) -> None:
    """Write model, recipe, metrics and history."""
    save_model(model, MODEL)
    write_json(RECIPE, recipe.contents)
    last = history[-1]
    metrics = {
        "train_loss": last.train_loss,
        "validation_loss": last.validation_loss,
        "validation_accuracy": last.validation_accuracy,
        "steps": last.step,
        "parameters": model.count_params(),
    }
    write_json(METRICS, metrics)
    import pandas as pd  # noqa: PLC0415 (half a second that the first step need not wait for)

    write_csv(HISTORY, pd.DataFrame(history))


if __name__ == "__main__":
    run(main)
