"""Train a classifier on the prepared images: a checkpointed loop of compiled chunks of steps."""

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from shared.console import log, run
from shared.dataset import load_dataset, open_split
from shared.environment import writable_folder
from shared.files import write_json
from shared.lock import checkpoint_lock, stage_lock
from shared.params import load
from shared.tf import tf
from training.archive import save_model
from training.building import (
    build_batches,
    build_engine,
    build_model,
    configure,
    weights_of_classes,
)
from training.calibration import calibrated
from training.device import choose
from training.distributed.checkpoint import TeamCheckpoints
from training.distributed.strategy import assemble
from training.distributed.team import Team
from training.engine import Engine
from training.loop import Row, train
from training.params import TrainParams
from training.recipe import Recipe, describe
from watching.stopwatch import Stopwatch
from watching.tensorboard import TensorBoard, forget
from watching.terminal import Terminal

DATASET = Path("data/raw/dataset.json")
TRAIN = Path("data/prepared/train.npz")
VALIDATION = Path("data/prepared/validation.npz")
MODEL = Path("models/model.keras")
RECIPE = Path("models/recipe.json")
METRICS = Path("metrics/train.json")
HISTORY = Path("plots/history.csv")
CHECKPOINTS = Path(".checkpoints")
LOGS = Path("logs")


def main() -> None:
    """Read, train, write."""
    params = load(TrainParams, "train")
    device, reason = choose(params.device)
    log.info(reason)
    tf.debugging.set_log_device_placement(os.environ.get("LOG_DEVICE_PLACEMENT") == "1")
    with assemble(params.strategy, params.batch_size) as team:
        if team.chief:
            lead(params, team, device)
        else:
            follow(params, team, device)


@stage_lock("train")
def lead(params: TrainParams, team: Team, device: str) -> None:
    """Train and write."""
    all_checkpoints = writable_folder("CHECKPOINT_DIR", CHECKPOINTS)
    all_logs = writable_folder("LOG_DIR", LOGS)
    engine, recipe, train_on = prepare(params, team, device)
    engine.model.summary(print_fn=log.info)
    checkpoints = TeamCheckpoints(all_checkpoints / recipe.fingerprint, team)
    with checkpoint_lock(all_checkpoints / f"{recipe.fingerprint}.pid"):
        logs = all_logs / recipe.run_name
        resumed = checkpoints.exist()
        if not resumed:
            forget(logs)
        validation = open_split(VALIDATION)
        tensorboard = TensorBoard(logs, engine, validation.images[:100])
        start_up = time.time() - psutil.Process().create_time()
        with Terminal(params.steps) as terminal:
            stopwatch = Stopwatch()
            watchers = [stopwatch, terminal, tensorboard]
            history = train_on(checkpoints=checkpoints, watchers=watchers, history_file=HISTORY)
        stopwatch.report(start_up, logs / "seconds.json", resumed=resumed)
        model = engine.model
        if params.calibration == "temperature":
            model = calibrated(model, validation)
        write(model, recipe, history[-1])
        team.meet()  # a worker lost until here fails the run, which goes on from its checkpoint
        checkpoints.delete()


def follow(params: TrainParams, team: Team, device: str) -> None:
    """Train along with the chief, which alone writes."""
    _, recipe, train_on = prepare(params, team, device)
    train_on(checkpoints=TeamCheckpoints(CHECKPOINTS / recipe.fingerprint, team), watchers=[])
    team.meet()


def prepare(
    params: TrainParams, team: Team, device: str
) -> tuple[Engine, Recipe, partial[list[Row]]]:
    """Return the compiled engine, the recipe, and the loop over the splits, ready to start."""
    configure(params)
    several = team.replicas > 1
    # On a CPU, XLA's convolutions are slower than oneDNN's; several replicas are not for XLA.
    xla = device != "CPU" and not several
    dataset, split = load_dataset(DATASET), open_split(TRAIN)
    with team.strategy.scope():
        model = build_model(params, dataset)
        engine = build_engine(
            params,
            model,
            class_weights=weights_of_classes(params, split.labels, len(dataset.classes)),
            xla=xla,
            team=team if several else None,
        )
    recipe = describe(
        params.model_dump(), DATASET, [TRAIN, VALIDATION], team.describe(device), model
    )
    team.require_same(recipe.fingerprint)
    batches = build_batches(params, split)
    engine.compile(batches.gather(0, 1))
    train_on = partial(
        train,
        engine,
        batches,
        open_split(VALIDATION),
        steps=params.steps,
        eval_every=params.eval_every,
    )
    return engine, recipe, train_on


def write(model: Any, recipe: Recipe, last: Row) -> None:
    """Write model, recipe and metrics; the loop has written the history."""
    save_model(model, MODEL)
    write_json(RECIPE, recipe.contents)
    metrics = {
        "train_loss": last.train_loss,
        "validation_loss": last.validation_loss,
        "validation_accuracy": last.validation_accuracy,
        "steps": last.step,
        "parameters": model.count_params(),
    }
    write_json(METRICS, metrics)


if __name__ == "__main__":
    run(main, "make params.yaml: train.batch_size or train.width smaller")
