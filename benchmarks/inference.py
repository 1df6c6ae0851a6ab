"""Measure the exported formats next to Keras: bytes, time for one image, images a second.

Run as `python benchmarks/inference.py` after `dvc repro`. Every format has a process of its own
with one thread, and another with as many as there are cores. All are started first; then they take
turns, round after round, so that whatever else the machine does strikes all alike. A round is 200
calls with one image and 10 calls with 256. The formats are called as export/MODEL_CARD.md
documents, but for the number of threads; Keras by `predict_on_batch`, its own compiled call. The
figures go to benchmarks/inference.json; the table that it prints stands in docs/exports.md.
"""

import json
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "stages")]

from benchmarks.preprocess import processor  # noqa: E402

from exporting.calls import CALLS  # noqa: E402
from exporting.parity import size_of  # noqa: E402
from shared.dataset import Images, open_split  # noqa: E402

FIGURES = Path(__file__).with_suffix(".json")
MODEL = ROOT / "models/model.keras"
EXPORT = ROOT / "export"
TEST = ROOT / "data/prepared/test.npz"

ROUNDS, WARM_UP = 7, 5
SINGLE_CALLS, BATCH_CALLS, BATCH = 200, 10, 256
CORES = os.cpu_count() or 1

Call = Callable[[Images], npt.ArrayLike]


class Round(NamedTuple):
    """Seconds of each call with one image, and of all calls with a batch."""

    single: list[float]
    batches: float


def keras(threads: int) -> Call:
    """Return the model that was exported."""
    tensorflow(threads)
    from shared.tf import keras as library  # noqa: PLC0415

    return library.models.load_model(MODEL, compile=False).predict_on_batch  # type: ignore[no-any-return]


def saved_model(threads: int) -> Call:
    """Return it as TensorFlow loads it."""
    model = tensorflow(threads).saved_model.load(str(EXPORT / CALLS["saved_model"].file))
    return lambda images: model.serve(images)["probabilities"].numpy()


def tensorflow(threads: int) -> Any:
    """Import it, here and not above: few of the processes measure it."""
    from shared.tf import tf  # noqa: PLC0415

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    return tf


def onnx(threads: int) -> Call:
    """Return it as ONNX Runtime loads it."""
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = onnxruntime.InferenceSession(EXPORT / CALLS["onnx"].file, options)
    return lambda images: model.run(["probabilities"], {"images": images})[0]


def litert(file: str, threads: int) -> Call:
    """Return it as LiteRT loads it."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    model = Interpreter(str(EXPORT / file), num_threads=threads).get_signature_runner()
    return lambda images: model(images=images)["probabilities"]


LOAD: dict[str, Callable[[int], Call]] = {
    "keras": keras,
    "saved_model": saved_model,
    "onnx": onnx,
    "tflite": partial(litert, CALLS["tflite"].file),
    "tflite_int8": partial(litert, CALLS["tflite_int8"].file),
}


def main() -> None:
    """Measure what is exported, write the figures and show them."""
    files = {"keras": MODEL} | {name: EXPORT / call.file for name, call in CALLS.items()}
    files = {name: path for name, path in files.items() if path.exists()}
    kinds = [(name, threads) for name in files for threads in sorted({1, CORES})]
    rounds: dict[tuple[str, int], list[Round]] = {kind: [] for kind in kinds}
    with ExitStack() as processes:
        spawn = multiprocessing.get_context("spawn")
        workers = {
            kind: processes.enter_context(
                ProcessPoolExecutor(1, spawn, initializer=start, initargs=kind)
            )
            for kind in kinds
        }
        for _ in range(ROUNDS):
            for kind in kinds:
                rounds[kind].append(workers[kind].submit(play).result())
    figures = {
        name: {"file": path.relative_to(ROOT).as_posix(), "bytes": size_of(path)}
        | {str(threads): summary(rounds[name, threads]) for threads in sorted({1, CORES})}
        for name, path in files.items()
    }
    packages = ("numpy", "keras", "tensorflow", "onnxruntime", "ai-edge-litert")
    report = {
        "machine": {"processor": processor(), "cores": CORES},
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in packages},
        "figures": figures,
    }
    FIGURES.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(table(report))  # noqa: T201 (its output)


_measured: dict[str, Any] = {}


def start(name: str, threads: int) -> None:
    """Load what this process measures."""
    _measured["call"] = LOAD[name](threads)
    _measured["images"] = np.resize(
        open_split(TEST).images, (BATCH, *open_split(TEST).images.shape[1:])
    )


def play() -> Round:
    """Measure once, after a few calls that do not count."""
    call, images = _measured["call"], _measured["images"]
    single = [seconds(call, images[:1]) for _ in range(WARM_UP + SINGLE_CALLS)]
    batches = [seconds(call, images) for _ in range(WARM_UP + BATCH_CALLS)]
    return Round(single[WARM_UP:], sum(batches[WARM_UP:]))


def seconds(call: Call, images: Images) -> float:
    """Return how long one call takes."""
    beginning = time.perf_counter()
    np.asarray(call(images))
    return time.perf_counter() - beginning


def summary(rounds: list[Round]) -> dict[str, float]:
    """Return milliseconds over all calls with one image, and the median round's images a second."""
    single = 1000 * np.concatenate([round_.single for round_ in rounds])
    each = np.median([round_.batches for round_ in rounds]) / (BATCH_CALLS * BATCH)
    return {
        "median_ms": round(float(np.median(single)), 3),
        "p99_ms": round(float(np.quantile(single, 0.99)), 3),
        "images_per_second": round(1 / float(each)),
    }


def table(report: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    cores = report["machine"]["cores"]
    threads = f"1 thread | {cores} threads"
    lines = [
        f"| file | bytes | one image, median (p99): {threads} | {BATCH} at once: {threads} |",
        "| -- | -- | -- | -- | -- | -- |",
    ]
    for row in report["figures"].values():
        one, every = row["1"], row[str(cores)]
        cells = [f"`{row['file']}`", f"{row['bytes']:,}"]
        cells += [f"{times['median_ms']} ms ({times['p99_ms']})" for times in (one, every)]
        cells += [f"{times['images_per_second']:,} a second" for times in (one, every)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
