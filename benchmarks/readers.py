"""Measure how a table of pixels is read, against the readers that Python offers, and written.

    python benchmarks/readers.py        # with requirements-dev.txt

The table is mnist_train.csv, made of MNIST's gzipped IDX files in MNIST_DIR (default
../shared/data/mnist); the one of ten times the rows has ten versions of each image. Every run has a
process of its own, all take turns, and of several the median counts. `seconds` are from the table
to an array in memory, uint8 [rows, 785] (float64 for genfromtxt, with which the 2017 article reads
it); for this project's `reader` to a file that can be mapped; for its `stage` to the npz files,
metrics and plots; for `idx_to_csv` from IDX files to the table. Imports are counted apart; peak
memory is that of the whole process. The figures go to benchmarks/readers.json.
"""

import gzip
import resource
import sys
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import setting
from project import command_line
from shared.console import run
from shared.files import write_json

FIGURES = Path(__file__).resolve().with_suffix(".json")
TABLE = Path("data/raw/train/table.csv")
COLUMNS = [f"c{column}" for column in range(785)]

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
    import pandas as pd

    return lambda: pd.read_csv(TABLE, header=None, dtype=np.uint8).to_numpy()


def pyarrow() -> Work:
    """Return Arrow's, with the columns put together."""
    import pyarrow as pa
    from pyarrow import csv

    types = csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.uint8()))
    names = csv.ReadOptions(column_names=COLUMNS)

    def work() -> object:
        table = csv.read_csv(TABLE, read_options=names, convert_options=types)
        return np.column_stack([column.to_numpy() for column in table.columns])

    return work


def polars() -> Work:
    """Return Polars's."""
    import polars as pl

    schema = dict.fromkeys(COLUMNS, pl.UInt8)
    return lambda: pl.read_csv(TABLE, has_header=False, schema=schema).to_numpy()


def reader() -> Work:
    """Return this project's reader."""
    from preprocessing.table import read_table
    from shared.dataset import load_dataset

    dataset = load_dataset(setting.DATASET)

    def work() -> None:
        with Path("images").open("wb") as images, Path("labels").open("wb") as labels:
            for rows in read_table(TABLE, dataset, dataset.train.rows):
                images.write(rows.images.data)
                labels.write(rows.labels.data)

    return work


def stage() -> Work:
    """Return the stage's main()."""
    from preprocess import main

    return main


def idx_to_csv() -> Work:
    """Return what writes the table of a mirror's IDX files."""
    from downloading.idx import write_table
    from shared.dataset import load_dataset

    dataset = load_dataset(setting.DATASET)
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
    command_line(__doc__).parse_args()
    measured: dict[tuple[str, int], list[Measured]] = {}
    with TemporaryDirectory() as temporary:
        folders = {times: Path(temporary, f"{times}") for times in (1, 10)}
        tables = {}
        for times, folder in folders.items():
            folder.mkdir()
            tables[times] = setting.in_new_process(folder, make_inputs, times)
        for name, times in RUNS:
            run = setting.in_new_process(folders[times], measure, name)
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
    report = {
        "table": tables[1],
        "machine": setting.machine(),
        "versions": setting.versions("numpy", "pandas", "pyarrow", "polars"),
        "figures": figures,
    }
    write_json(FIGURES, report)
    print(table(report))  # noqa: T201 (its output)


def make_inputs(times: int) -> dict[str, int]:
    """Lay out what is read, with the shortest of test tables; return the table's size."""
    from downloading.idx import write_csv

    images, labels = setting.read_mnist("train")
    versions = np.concatenate([images ^ np.uint8(version) for version in range(times)])
    setting.describe_mnist(Path(), len(versions))
    write_csv(versions, np.tile(labels, times), "first", TABLE)
    write_csv(images[:1], labels[:1], "first", TABLE.with_name("test.csv"))
    for name in ("images-idx3", "labels-idx1"):
        packed = setting.mnist_folder() / f"train-{name}-ubyte.gz"
        Path(name).write_bytes(gzip.decompress(packed.read_bytes()))
    return {"rows": len(versions), "bytes": TABLE.stat().st_size}


def measure(name: str) -> Measured:
    """Run the reader in this process."""
    start = perf_counter()
    work = READERS[name]()
    ready = perf_counter()
    work()
    done = perf_counter()
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return Measured(ready - start, done - ready, peak / 2**20)


def median(runs: list[Measured]) -> Measured:
    """Return the middle one of an odd number of runs, by seconds of work."""
    return sorted(runs, key=attrgetter("seconds"))[len(runs) // 2]


def table(report: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    return setting.markdown(
        ["reader", "rows", "seconds", "MiB at the peak"],
        [
            [f"`{run['reader']}`", f"{run['rows']:,}", run["seconds"], f"{run['peak_mib']:,}"]
            for run in report["figures"]
        ],
    )


if __name__ == "__main__":
    run(main)
