"""Measure the training loop against the article's, and against Keras's `fit`.

    python benchmarks/loops.py

All loops train on the same images, MNIST's (MNIST_DIR, default ../shared/data/mnist), in batches of
128: the article's, a TensorFlow 1 session that is fed a batch a step and writes its summaries;
`fit` as it is, and with 100 steps an execution; and this project's, gathering included, evaluation
not. They take turns, and the median round counts. The first round, with tracing, is not one of
them.

`trivial` is a network of next to no arithmetic, so what its step takes is the loop's overhead.
Then, as the stage logs it, the median of a few runs: the validations' share of a whole one with the
default parameters, and its start-up, from its process's start to the first step. The figures go to
benchmarks/loops.json.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

import setting
from project import ROOT, command_line
from shared.console import run
from shared.dataset import Split, open_split
from shared.files import remove, write_json
from shared.params import read_yaml

FIGURES = Path(__file__).resolve().with_suffix(".json")
STAGE = ROOT / "stages/train.py"
BATCH_SIZE = 128
WHOLE_RUNS, START_UPS = 3, 5
AS_THE_ARTICLE = {
    "dropout": 0.5,
    "augmentation": 0.0,
    "photometric": 0.0,
    "label_smoothing": 0.0,
    "learning_rate": 0.0001,
    "schedule": "constant",
    "deterministic": False,  # as in the other loops
}


class Plan(NamedTuple):
    """How many rounds a network's loops run, of how many epochs, of how many steps."""

    rounds: int
    epochs: int
    steps: int


PLANS = {"trivial": Plan(15, 5, 400), "compact": Plan(5, 1, 100), "tutorial": Plan(3, 1, 100)}

Round = Callable[[], float]  # trains for its steps and returns the seconds they took


def article(network: str) -> Round:
    """The article's loop."""
    from article import build_loop

    run = build_loop(network, some_images(network), BATCH_SIZE, Path("article"))
    return lambda: setting.seconds(lambda: [run() for _ in range(PLANS[network].epochs)])


def fit(network: str, **options: Any) -> Round:
    """Keras's loop and layers as they are, but for `options`."""
    from shared.tf import keras
    from training.normalization import with_keras_layers

    model, data = with_keras_layers(build_engine(network).model), some_images(network)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.0001), loss, **options)
    epochs = PLANS[network].epochs
    return lambda: setting.seconds(lambda: model.fit(*data, batch_size=BATCH_SIZE, epochs=epochs))


def ours(network: str) -> Round:
    """This project's loop; the evaluation that ends it is not in its seconds."""
    from timed_loop import train_for
    from training.augmentation import Augmentation
    from training.batches import Batches

    engine, data = build_engine(network), some_images(network)
    batches = Batches(data, BATCH_SIZE, "shuffled", Augmentation(0.0), seed=0)
    steps = PLANS[network].epochs * PLANS[network].steps
    return lambda: train_for(steps, engine, batches)


LOOPS: dict[str, Callable[[str], Round]] = {
    "article": article,
    "fit": fit,
    "fit_100": partial(fit, steps_per_execution=100),
    "ours": ours,
}


def main() -> None:
    """Measure, write the figures and print them."""
    command_line(__doc__).parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        setting.lay_out(folder)
        loops = {network: measure_loops(network, folder) for network in PLANS}
        for figures in loops.values():
            for loop_name, loop in figures.items():
                overhead = loops["trivial"][loop_name]["ms_a_step"]
                loop["overhead_share"] = round(overhead / loop["ms_a_step"], 3)
        starts = [run_stage(folder, steps=1)["start_up"] for _ in range(START_UPS)]
        report = {
            "machine": setting.training_machine(),
            "loops": loops,
            "whole_run": whole_run(folder),
            "start_up_seconds": round(statistics.median(starts), 2),
        }
    write_json(FIGURES, report)
    print(table(report))  # noqa: T201 (its output)
    print(json.dumps({key: report[key] for key in ("start_up_seconds", "whole_run")}))  # noqa: T201


def measure_loops(network: str, folder: Path) -> dict[str, dict[str, float]]:
    """Return each loop's figures."""
    plan, kinds = PLANS[network], [(name, network) for name in LOOPS]
    taken = setting.by_turns(folder, kinds, 1 + plan.rounds, one_round)
    return {name: describe(first, rest, plan) for (name, _), (first, *rest) in taken.items()}


def describe(first: float, rounds: Sequence[float], plan: Plan) -> dict[str, float]:
    """Return the figures of rounds that took so many seconds."""
    median, steps = statistics.median(rounds), plan.epochs * plan.steps
    return {
        "ms_a_step": round(1000 * median / steps, 3),
        "fastest_ms_a_step": round(1000 * min(rounds) / steps, 3),
        "images_a_second": round(BATCH_SIZE * steps / median),
        "first_round_extra_seconds": round(first - median, 2),
    }


def one_round(loop: str, network: str) -> float:
    """Return the seconds of a round, in a process in which earlier ones may have run."""
    return prepared(loop, network)()


@cache
def prepared(loop: str, network: str) -> Round:
    """Return the loop with its network and its data, built once."""
    return LOOPS[loop](network)


def some_images(network: str) -> Split:
    """Return an epoch's images and labels, in memory."""
    rows = PLANS[network].steps * BATCH_SIZE
    return Split(*(np.array(part[:rows]) for part in open_split(setting.TRAIN)))


def build_engine(network: str) -> Any:
    """Return the stage's engine for the CPU, trained as the article trains."""
    from timed_loop import prepare
    from training.device import choose

    choose("cpu")
    if network == "trivial":
        return prepare(AS_THE_ARTICLE, trivial)[0]
    return prepare({**AS_THE_ARTICLE, "network": network})[0]


def trivial(_: Any) -> Any:
    """Return a network that looks at one pixel."""
    from shared.tf import keras

    pixels = keras.Input((28, 28, 1), dtype="uint8")
    one = keras.layers.Cropping2D(((14, 13), (14, 13)))(pixels)
    one = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(one))
    return keras.Model(pixels, keras.layers.Dense(10)(one))


def run_stage(folder: Path, **changes: Any) -> Any:
    """Run the stage on MNIST with some parameters changed; return the seconds that it logs."""
    params = read_yaml(ROOT / "params.yaml")
    params["train"] |= changes
    (folder / "params.yaml").write_text(json.dumps(params), encoding="utf-8")
    remove(folder / "logs")
    here = os.environ | {"CHECKPOINT_DIR": "", "LOG_DIR": ""}
    subprocess.run([sys.executable, STAGE], cwd=folder, env=here, check=True, capture_output=True)  # noqa: S603 (its own)
    [clock] = folder.glob("logs/*/seconds.json")
    return json.loads(clock.read_text(encoding="utf-8"))


def whole_run(folder: Path) -> dict[str, float]:
    """Return how long the default run takes, and the validations' part of it: the median run's."""
    runs = [run_stage(folder) for _ in range(WHOLE_RUNS)]
    shares = [(round(run["evaluation"] / run["training"], 4), run["training"]) for run in runs]
    share, seconds = sorted(shares)[WHOLE_RUNS // 2]
    steps = read_yaml(ROOT / "params.yaml")["train"]["steps"]
    return {"steps": steps, "seconds": seconds, "share_of_evaluation": share}


def table(report: dict[str, Any]) -> str:
    """Return the loops' figures as Markdown."""
    columns = {
        "ms_a_step": ("ms a step of 128", "{:,.2f}"),
        "images_a_second": ("images a second", "{:,}"),
        "overhead_share": ("overhead", "{:.1%}"),
        "first_round_extra_seconds": ("before, seconds", "{:.1f}"),
    }
    return setting.markdown(
        ["network", "loop", *(head for head, _ in columns.values())],
        [
            [f"`{network}`", name, *(text.format(loop[key]) for key, (_, text) in columns.items())]
            for network, loops in report["loops"].items()
            for name, loop in loops.items()
        ],
    )


if __name__ == "__main__":
    run(main)
