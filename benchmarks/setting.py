"""What benchmarks share: the project's code, MNIST, the machine, processes by turns, tables."""

import gzip
import json
import multiprocessing
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, chdir
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "tools"))

from project import ROOT
from shared.environment import readable_folder

TRAIN = Path("data/prepared/train.npz")
VALIDATION = Path("data/prepared/validation.npz")
DATASET = Path("data/raw/dataset.json")
START = Path.cwd()

Result = TypeVar("Result")
Kind = TypeVar("Kind", bound=tuple[Hashable, ...])
Bytes = npt.NDArray[np.uint8]


def lay_out(folder: Path, held_out: int = 500, trained_on: int | None = None) -> None:
    """Write what the train stage reads: MNIST, its last rows held out, and params.yaml.

    `trained_on` are so many of its first rows, where that is not all that are left.
    """
    images, labels = read_mnist("train")
    kept = len(labels) - held_out if trained_on is None else trained_on
    (folder / TRAIN).parent.mkdir(parents=True)
    for path, rows in ((TRAIN, slice(kept)), (VALIDATION, slice(-held_out, None))):
        np.savez(folder / path, images=images[rows], labels=labels[rows])
    describe_mnist(folder, len(labels))


def describe_mnist(folder: Path, rows: int) -> None:
    """Write params.yaml, and data/raw/dataset.json of a training table of so many rows."""
    dataset = {
        **dict.fromkeys(("title", "provenance", "homepage", "licence"), ""),
        "name": "mnist",
        "image": {"height": 28, "width": 28, "channels": 1},
        "label": "first",
        "classes": {str(digit): str(digit) for digit in range(10)},
        "train": {"rows": rows, "sha256": "0" * 64},
        "test": {"rows": 1, "sha256": "0" * 64},
    }
    (folder / DATASET).parent.mkdir(parents=True)
    (folder / DATASET).write_text(json.dumps(dataset), encoding="utf-8")
    shutil.copy(ROOT / "params.yaml", folder)


def mnist_folder() -> Path:
    """Return the folder of MNIST's IDX files, in whichever folder the caller works."""
    with chdir(START):
        return readable_folder("MNIST_DIR", ROOT / "../shared/data/mnist").resolve()


def read_mnist(part: str) -> tuple[Bytes, Bytes]:
    """Return images uint8 [N, 28, 28, 1] and labels [N] of MNIST's `train` or `t10k` files."""
    folder = mnist_folder()
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as file:
        return images, np.frombuffer(file.read(), np.uint8, offset=8)


def machine() -> dict[str, Any]:
    """Return the processor and its cores."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return {"processor": next(names, platform.processor()), "cores": os.cpu_count()}


def versions(*packages: str) -> dict[str, str]:
    """Return Python's version and those of packages."""
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def training_machine() -> dict[str, Any]:
    """Return the processor, its cores, and the versions of what trains on them."""
    return machine() | versions("tensorflow", "keras", "numpy")


def seconds(work: Callable[[], object]) -> float:
    """Return how long the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_new_process(folder: Path, function: Callable[..., Result], *arguments: Any) -> Result:
    """Return what the function returns in a fresh interpreter that works in `folder`."""
    with _new_process(folder) as process:
        return process.submit(function, *arguments).result()


def by_turns(
    folder: Path, kinds: Iterable[Kind], rounds: int, function: Callable[..., Result]
) -> dict[Kind, list[Result]]:
    """Call `function(*kind)` for each kind, round after round; each kind has its own process.

    So whatever else the machine does strikes all kinds alike. All processes work in `folder`.
    """
    with ExitStack() as stack:
        processes = {kind: stack.enter_context(_new_process(folder)) for kind in kinds}
        results: dict[Kind, list[Result]] = {kind: [] for kind in processes}
        for _ in range(rounds):
            for kind, process in processes.items():
                results[kind].append(process.submit(function, *kind).result())
    return results


def _new_process(folder: Path) -> ProcessPoolExecutor:
    """Return a fresh interpreter that works in `folder`, where nobody sees its progress bars."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, spawn, initializer=_enter, initargs=(folder,))


def _enter(folder: Path) -> None:
    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def markdown(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table, laid out as mdformat keeps it."""
    lines = [heads, ["--"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
