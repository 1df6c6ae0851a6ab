"""What benchmarks of training share: MNIST as the train stage finds it, the machine, processes."""

import gzip
import json
import multiprocessing
import os
import platform
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
MNIST = Path(os.environ.get("MNIST_DIR", ROOT / "../shared/data/mnist")).resolve()

Result = TypeVar("Result")
Bytes = npt.NDArray[np.uint8]


def lay_out(folder: Path, held_out: int = 500, trained_on: int | None = None) -> None:
    """Write what the train stage reads: MNIST, its last rows held out, and params.yaml.

    `trained_on` are so many of its first rows, where that is not all that are left.
    """
    if not MNIST.is_dir():
        sys.exit(f"{MNIST}: no such folder; set MNIST_DIR to the one of MNIST's IDX files")
    images, labels = read_mnist("train")
    kept = len(labels) - held_out if trained_on is None else trained_on
    splits = {"train": slice(kept), "validation": slice(-held_out, None)}
    (folder / "data/raw").mkdir(parents=True)
    (folder / "data/prepared").mkdir()
    for name, rows in splits.items():
        np.savez(folder / f"data/prepared/{name}.npz", images=images[rows], labels=labels[rows])
    dataset = {
        **dict.fromkeys(("title", "provenance", "homepage", "licence"), ""),
        "name": "mnist",
        "image": {"height": 28, "width": 28, "channels": 1},
        "label": "first",
        "classes": {str(digit): str(digit) for digit in range(10)},
        "train": {"rows": len(labels), "sha256": "0" * 64},
        "test": {"rows": 1, "sha256": "0" * 64},
    }
    (folder / "data/raw/dataset.json").write_text(json.dumps(dataset), encoding="utf-8")
    shutil.copy(ROOT / "params.yaml", folder)


def read_mnist(part: str) -> tuple[Bytes, Bytes]:
    """Return images uint8 [N, 28, 28, 1] and labels [N] of MNIST's `train` or `t10k` files."""
    with gzip.open(MNIST / f"{part}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(MNIST / f"{part}-labels-idx1-ubyte.gz") as file:
        return images, np.frombuffer(file.read(), np.uint8, offset=8)


def machine() -> dict[str, Any]:
    """Return processor and cores, and the versions of what runs on them."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return {
        "processor": next(names, platform.processor()),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("tensorflow", "keras", "numpy")},
    }


def new_process(folder: Path) -> ProcessPoolExecutor:
    """Return a fresh interpreter that works in `folder`, where nobody sees its progress bars."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, spawn, initializer=_enter, initargs=(folder,))


def in_new_process(folder: Path, function: Callable[..., Result], *arguments: Any) -> Result:
    """Return what the function returns in a fresh interpreter that works in `folder`."""
    with new_process(folder) as process:
        return process.submit(function, *arguments).result()


def _enter(folder: Path) -> None:
    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
