"""Measure training on a GPU: images a second, utilisation, and the time to 99 % on MNIST.

Run as `make bench-gpu`; without a GPU it says so and ends. Each network trains with the loop and
the augmentation of params.yaml, for batches of 128 to 4,096 images, in each precision, with XLA
and without, at the article's learning rate, which no precision diverges at; gathering is included,
compilation is not. Utilisation is the mean of what nvidia-smi
says meanwhile. Time to 99 % is that of the preset `fast-99`, from its first
step to its last; MNIST's own test images only report what it reached. TensorFlow's deterministic
kernels are off in all of it. MNIST is read from MNIST_DIR (default ../shared/data/mnist). The
figures go to benchmarks/gpu.json.
"""

import itertools
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

sys.path.pop(0)  # this folder, whose training.py would hide the package of that name
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "stages"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from benchmarks.setting import lay_out, machine, read_mnist
from benchmarks.timed_loop import train_for

import train as stage
from running.presets import read_presets
from shared.console import log, run
from shared.dataset import Split, load_dataset, open_split
from shared.files import write_json
from shared.params import load
from training.batches import Batches
from training.building import build_batches, build_engine, build_model, configure
from training.device import choose
from training.engine import Engine
from training.params import TrainParams

FIGURES = Path(__file__).resolve().with_suffix(".json")
NETWORKS = ("compact", "accurate", "tutorial")
BATCH_SIZES = (128, 512, 2048, 4096)
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
IMAGES = 400_000  # of each measurement


def main() -> None:
    """Measure, write and print."""
    device, _ = choose("gpu")
    with TemporaryDirectory() as folder:
        lay_out(Path(folder))
        os.chdir(folder)
        figures = {"gpu": device, **machine(), "time_to_99": time_to_99(), "throughput": []}
        for choice in itertools.product(NETWORKS, BATCH_SIZES, PRECISIONS, (True, False)):
            figures["throughput"].append(throughput(*choice))
            write_json(FIGURES, figures)  # a part is better than nothing


def throughput(network: str, batch_size: int, precision: str, xla: bool) -> dict[str, Any]:
    """Return images a second, and the GPU's utilisation in per cent."""
    choice = {"network": network, "batch_size": batch_size, "precision": precision}
    engine, batches = prepare(xla=xla, **choice, learning_rate=0.0001, schedule="constant")
    steps = IMAGES // batch_size
    train_for(steps // 10, engine, batches)
    with Utilisation() as utilisation:
        seconds = train_for(steps, engine, batches)
    figures = {
        **choice,
        "xla": xla,
        "images_a_second": round(steps * batch_size / seconds),
        "utilisation": utilisation.mean(),
    }
    log.info("%s", figures)
    return figures


def time_to_99() -> dict[str, float]:
    """Return the seconds of the quickest documented run to 99 %, and what it reaches."""
    choices = read_presets()["fast-99"].sets
    choices = {key.removeprefix("train."): choices[key] for key in choices if "train." in key}
    engine, batches = prepare(xla=True, **choices)
    seconds = train_for(choices["steps"], engine, batches)
    accuracy = engine.evaluate(Split(*read_mnist("t10k"))).accuracy
    figures = {"seconds": round(seconds, 3), "test_accuracy": accuracy}
    log.info("%s", figures)
    return figures


def prepare(*, xla: bool, **choices: Any) -> tuple[Engine, Batches]:
    """Return the stage's engine, compiled, and its batches."""
    given = load(TrainParams, "train").model_dump()
    params = TrainParams.model_validate({**given, "deterministic": False, **choices})
    configure(params)
    engine = build_engine(params, build_model(params, load_dataset(stage.DATASET)), xla=xla)
    batches = build_batches(params, open_split(stage.TRAIN))
    engine.compile(batches.gather(0, 1))
    return engine, batches


class Utilisation:
    """Has nvidia-smi say, five times a second, in how much of the time the GPU was at work."""

    def __enter__(self) -> Self:
        command = "nvidia-smi --id=0 --query-gpu=utilization.gpu --format=csv,noheader,nounits"
        self.process = subprocess.Popen(  # noqa: S603 (a constant)
            [*command.split(), "--loop-ms=200"], stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        said = self.process.communicate()[0].split()
        self.samples = [int(sample) for sample in said if sample.isdigit()]

    def mean(self) -> float | None:
        """Return the mean of the samples in per cent, or None where nvidia-smi gave none."""
        return round(statistics.mean(self.samples), 1) if self.samples else None


if __name__ == "__main__":
    run(main)
