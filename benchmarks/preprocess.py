"""Measure the preprocess stage against np.genfromtxt, with which the 2017 article reads its table.

Run as `python benchmarks/preprocess.py`. The table is mnist_train.csv, made of MNIST's gzipped IDX
files in MNIST_DIR (default ../shared/data/mnist). Every run has a process of its own; of several
the median counts. `seconds` are from the table to the reader's result: an array in memory for
genfromtxt; npz files, metrics and plot for the stage. Imports (scikit-learn's, mostly) are counted
apart; peak memory is that of the whole process. The figures go to benchmarks/preprocess.json.
"""

import gzip
import importlib
import json
import multiprocessing
import os
import platform
import resource
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FIGURES = Path(__file__).with_suffix(".json")
MNIST = Path(os.environ.get("MNIST_DIR", ROOT / "../shared/data/mnist")).resolve()
TABLE = Path("data/raw/train.csv")

Result = TypeVar("Result")


class Measured(NamedTuple):
    """Seconds of imports and of work, and mebibytes of memory at the peak."""

    import_seconds: float
    seconds: float
    peak_mib: float


def genfromtxt() -> Callable[[], object]:
    """Return the article's reader."""
    return lambda: np.genfromtxt(TABLE, delimiter=",")


def stage() -> Callable[[], object]:
    """Return the stage's main()."""
    main: Callable[[], None] = from_stages("preprocess").main
    return main


READERS = {reader.__name__: reader for reader in (genfromtxt, stage)}
RUNS = {"genfromtxt": 1, "stage": 5}  # a short run is at the mercy of whatever else runs


def main() -> None:
    """Make the table, measure every reader, write the figures and print them."""
    if not MNIST.is_dir():
        sys.exit(f"{MNIST}: no such folder; set MNIST_DIR to the one of MNIST's IDX files")
    with TemporaryDirectory() as folder:
        table = in_new_process(make_inputs, folder)
        measured = {
            name: median([in_new_process(measure, name, folder) for _ in range(RUNS[name])])
            for name in READERS
        }
    baseline = measured[genfromtxt.__name__]
    figures = {
        name: {
            "runs": RUNS[name],
            "import_seconds": round(reader.import_seconds, 2),
            "seconds": round(reader.seconds, 2),
            "peak_mib": round(reader.peak_mib),
            "times_faster": round(baseline.seconds / reader.seconds, 1),
            "share_of_memory": round(reader.peak_mib / baseline.peak_mib, 3),
        }
        for name, reader in measured.items()
    }
    machine = {"processor": processor(), "cores": os.cpu_count()}
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    report = {"table": table, "machine": machine, "versions": versions, "readers": figures}
    FIGURES.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    show(figures)


def make_inputs(folder: str) -> dict[str, int]:
    """Lay out what the stage reads, with the shortest of test tables; return the table's size."""
    os.chdir(folder)
    TABLE.parent.mkdir(parents=True)
    idx = from_stages("downloading.idx")
    images, labels = (idx.read_idx(unpack(name)) for name in ("images-idx3", "labels-idx1"))
    idx.write_csv(images, labels, "first", TABLE)
    idx.write_csv(images[:1], labels[:1], "first", TABLE.with_name("test.csv"))
    unread = {"title": "", "provenance": "", "homepage": "", "licence": ""}
    dataset = {
        "name": "mnist",
        **unread,
        "image": {"height": 28, "width": 28, "channels": 1},
        "label": "first",
        "classes": {str(digit): str(digit) for digit in range(10)},
        "train": {"rows": len(labels), "sha256": "0" * 64},
        "test": {"rows": 1, "sha256": "0" * 64},
    }
    TABLE.with_name("dataset.json").write_text(json.dumps(dataset), encoding="utf-8")
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    return {"rows": len(labels), "bytes": TABLE.stat().st_size}


def unpack(name: str) -> Path:
    """Decompress one of MNIST's training files into the working folder."""
    path = Path(f"train-{name}-ubyte")
    with gzip.open(MNIST / f"{path}.gz") as packed, path.open("wb") as file:
        shutil.copyfileobj(packed, file)
    return path


def measure(reader: str, folder: str) -> Measured:
    """Run the reader in this process."""
    os.chdir(folder)
    start = time.perf_counter()
    work = READERS[reader]()
    ready = time.perf_counter()
    work()
    done = time.perf_counter()
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return Measured(ready - start, done - ready, peak / 2**20)


def median(runs: list[Measured]) -> Measured:
    """Return the middle one of an odd number of runs, by seconds of work."""
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def in_new_process(function: Callable[..., Result], *arguments: str) -> Result:
    """Return what the function returns in a fresh interpreter."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def from_stages(module: str) -> Any:
    """Import a module of stages/, here and not above: its imports would count for every reader."""
    sys.path.insert(0, str(ROOT / "stages"))
    return importlib.import_module(module)


def processor() -> str:
    """Return the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def show(figures: dict[str, dict[str, float]]) -> None:
    """Print a line a reader."""
    columns = list(next(iter(figures.values())))
    lines = [["", *columns]]
    lines += [[name, *(f"{row[column]:,}" for column in columns)] for name, row in figures.items()]
    for line in lines:
        print("".join(f"{cell:>17}" for cell in line))  # noqa: T201 (its output)


if __name__ == "__main__":
    main()
