"""Measure training on a GPU: images a second, utilisation, and the time to 99 % on MNIST.

    python benchmarks/gpu.py        # or: make bench-gpu

Without a GPU it says so and ends. Each network trains with the loop and the augmentation of
params.yaml, for batches of 128 to 4,096 images, in each precision, with XLA and without, at the
article's learning rate, which no precision diverges at; gathering is included, compilation is not.
Utilisation is the mean of what nvidia-smi says meanwhile. Time to 99 % is that of the preset
`fast-99`, from its first step to its last; MNIST's own test images only report what it reached.
TensorFlow's deterministic kernels are off in all of it. MNIST is read from MNIST_DIR (default
../shared/data/mnist). The figures go to benchmarks/gpu.json.
"""

import itertools
import os
import statistics
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import setting
from project import command_line
from running.presets import read_presets
from shared.console import log, run
from shared.dataset import Split
from shared.files import write_json

FIGURES = Path(__file__).resolve().with_suffix(".json")
NETWORKS = ("compact", "accurate", "tutorial")
BATCH_SIZES = (128, 512, 2048, 4096)
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
IMAGES = 400_000  # of each measurement


def main() -> None:
    """Measure, write and print."""
    command_line(__doc__).parse_args()
    from training.device import choose

    device, _ = choose("gpu")
    measure(device)


def measure(device: str) -> None:
    """Measure on the device that was chosen, and write."""
    with TemporaryDirectory() as folder:
        setting.lay_out(Path(folder))
        os.chdir(folder)
        figures = {
            "gpu": device,
            **setting.training_machine(),
            "time_to_99": time_to_99(),
            "throughput": [],
        }
        for choice in itertools.product(NETWORKS, BATCH_SIZES, PRECISIONS, (True, False)):
            figures["throughput"].append(throughput(*choice))
            write_json(FIGURES, figures)  # a part is better than nothing


def throughput(network: str, batch_size: int, precision: str, xla: bool) -> dict[str, Any]:
    """Return images a second, and the GPU's utilisation in per cent."""
    from timed_loop import train_for

    choice = {"network": network, "batch_size": batch_size, "precision": precision}
    engine, batches = compiled({**choice, "learning_rate": 0.0001, "schedule": "constant"}, xla=xla)
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
    from timed_loop import train_for

    preset = read_presets()["fast-99"].sets
    choices = {key.removeprefix("train."): preset[key] for key in preset if "train." in key}
    engine, batches = compiled(choices, xla=True)
    seconds = train_for(choices["steps"], engine, batches)
    accuracy = engine.evaluate(Split(*setting.read_mnist("t10k"))).accuracy
    figures = {"seconds": round(seconds, 3), "test_accuracy": accuracy}
    log.info("%s", figures)
    return figures


def compiled(choices: dict[str, Any], *, xla: bool) -> Any:
    """Return the stage's engine, compiled, and its batches."""
    from timed_loop import prepare

    engine, batches = prepare({"deterministic": False, **choices}, xla=xla)
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
