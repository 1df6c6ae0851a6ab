"""Measure how a table of pixels is read, against the readers that Python offers, and written.

Run as `python benchmarks/preprocess.py`, with requirements-dev.txt. The table is mnist_train.csv,
made of MNIST's gzipped IDX files in MNIST_DIR (default ../shared/data/mnist); the one of ten times
the rows has ten versions of each image. Every run has a process of its own, all take turns, and of
several the median counts. `seconds` are from the table to an array in memory, uint8 [rows, 785]
(float64 for genfromtxt, with which the 2017 article reads it); for this project's `reader` to a
file that can be mapped; for its `stage` to the npz files, metrics and plots; for `idx_to_csv` from
IDX files to the table. Imports are counted apart; peak memory is that of the whole process. The
figures go to benchmarks/preprocess.json.
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
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FIGURES = Path(__file__).with_suffix(".json")
MNIST = Path(os.environ.get("MNIST_DIR", ROOT / "../shared/data/mnist")).resolve()
TABLE = Path("data/raw/train.csv")
DATASET = Path("data/raw/dataset.json")
COLUMNS = [f"c{column}" for column in range(785)]

Result = TypeVar("Result")
Work = Callable[[], object]


class Measured(NamedTuple):
    """Seconds of imports and of work, and mebibytes of memory at the peak."""

    import_seconds: float
    seconds: float
    peak_mib: float


def genfromtxt() -> Work:
    """Return the article's reader."""
    return lambda: np.genfromtxt(TABLE, delimiter=",")


def loadtxt() -> Work:
    """Return NumPy's other reader."""
    return lambda: np.loadtxt(TABLE, np.uint8, delimiter=",")


def pandas() -> Work:
    """Return pandas's."""
    import pandas as pd  # noqa: PLC0415 (its import is counted, and not for every reader)

    return lambda: pd.read_csv(TABLE, header=None, dtype=np.uint8).to_numpy()


def pyarrow() -> Work:
    """Return Arrow's, with the columns put together."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    types = csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.uint8()))
    names = csv.ReadOptions(column_names=COLUMNS)

    def work() -> object:
        table = csv.read_csv(TABLE, read_options=names, convert_options=types)
        return np.column_stack([column.to_numpy() for column in table.columns])

    return work


def polars() -> Work:
    """Return Polars's."""
    import polars as pl  # noqa: PLC0415

    schema = dict.fromkeys(COLUMNS, pl.UInt8)
    return lambda: pl.read_csv(TABLE, has_header=False, schema=schema).to_numpy()


def reader() -> Work:
    """Return this project's reader."""
    read_table = from_stages("preprocessing.table").read_table
    dataset = from_stages("shared.dataset").load_dataset(DATASET)

    def work() -> None:
        with Path("images").open("wb") as images, Path("labels").open("wb") as labels:
            for rows in read_table(TABLE, dataset, dataset.train.rows):
                images.write(rows.images)
                labels.write(rows.labels)

    return work


def stage() -> Work:
    """Return the stage's main()."""
    main: Work = from_stages("preprocess").main
    return main


def idx_to_csv() -> Work:
    """Return what writes the table of a mirror's IDX files."""
    write_table = from_stages("downloading.idx").write_table
    dataset = from_stages("shared.dataset").load_dataset(DATASET)
    return lambda: write_table([Path("images-idx3"), Path("labels-idx1")], dataset, Path("csv"))


READERS = {
    function.__name__: function
    for function in (genfromtxt, loadtxt, pandas, pyarrow, polars, reader, stage, idx_to_csv)
}
# Run by run: what to run, on a table of how many times MNIST's rows.
ROUND = [(name, 1) for name in READERS if name != "genfromtxt"]
RUNS = [("genfromtxt", 1), *ROUND * 5, *[("reader", 10), ("stage", 10)] * 3]


def main() -> None:
    """Make the tables, measure every reader in turn, write the figures and print them."""
    if not MNIST.is_dir():
        sys.exit(f"{MNIST}: no such folder; set MNIST_DIR to the one of MNIST's IDX files")
    measured: dict[tuple[str, int], list[Measured]] = {}
    with TemporaryDirectory() as temporary:
        folders = {times: Path(temporary, f"{times}") for times in (1, 10)}
        tables = {
            times: in_new_process(folder, make_inputs, times) for times, folder in folders.items()
        }
        for name, times in RUNS:
            run = in_new_process(folders[times], measure, name)
            measured.setdefault((name, times), []).append(run)
    ours = median(measured["reader", 1])
    figures: list[dict[str, str | float]] = []
    for (name, times), runs in measured.items():
        run = median(runs)
        figures.append(
            {
                "reader": name,
                "rows": tables[times]["rows"],
                "runs": len(runs),
                "import_seconds": round(run.import_seconds, 2),
                "seconds": round(run.seconds, 2),
                "peak_mib": round(run.peak_mib),
                "seconds_to_ours": round(run.seconds / ours.seconds, 2),
            }
        )
    machine = {"processor": processor(), "cores": os.cpu_count()}
    packages = ("numpy", "pandas", "pyarrow", "polars")
    versions = {"python": platform.python_version()} | {name: version(name) for name in packages}
    report = {"table": tables[1], "machine": machine, "versions": versions, "figures": figures}
    FIGURES.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(table(report))  # noqa: T201 (its output)


def make_inputs(times: int) -> dict[str, int]:
    """Lay out what is read, with the shortest of test tables; return the table's size."""
    TABLE.parent.mkdir(parents=True)
    idx = from_stages("downloading.idx")
    images, labels = (idx.read_idx(unpack(name)) for name in ("images-idx3", "labels-idx1"))
    versions = np.concatenate([images ^ np.uint8(version) for version in range(times)])
    idx.write_csv(versions, np.tile(labels, times), "first", TABLE)
    idx.write_csv(images[:1], labels[:1], "first", TABLE.with_name("test.csv"))
    dataset = {
        **dict.fromkeys(("title", "provenance", "homepage", "licence"), ""),
        "name": "mnist",
        "image": {"height": 28, "width": 28, "channels": 1},
        "label": "first",
        "classes": {str(digit): str(digit) for digit in range(10)},
        "train": {"rows": len(versions), "sha256": "0" * 64},
        "test": {"rows": 1, "sha256": "0" * 64},
    }
    DATASET.write_text(json.dumps(dataset), encoding="utf-8")
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    return {"rows": len(versions), "bytes": TABLE.stat().st_size}


def unpack(name: str) -> Path:
    """Decompress one of MNIST's training files into the working folder."""
    with gzip.open(MNIST / f"train-{name}-ubyte.gz") as packed, Path(name).open("wb") as file:
        shutil.copyfileobj(packed, file)
    return Path(name)


def measure(reader: str) -> Measured:
    """Run the reader in this process."""
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


def in_new_process(folder: Path, function: Callable[..., Result], *arguments: object) -> Result:
    """Return what the function returns in a fresh interpreter, in a folder that it makes."""
    folder.mkdir(exist_ok=True)
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=os.chdir, initargs=(folder,)
    ) as pool:
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


def table(report: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = ["| reader | rows | seconds | MiB at the peak |", "| -- | -- | -- | -- |"]
    for run in report["figures"]:
        cells = [f"`{run['reader']}`", f"{run['rows']:,}", run["seconds"], f"{run['peak_mib']:,}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
