"""Measure the exported formats next to Keras: bytes, time for one image, images a second.

    dvc repro && python benchmarks/inference.py

Every format has a process of its own with one thread, and another with as many as there are cores.
They take turns. A round is 200 calls with one image and 10 calls with 256. The formats are called
as export/MODEL_CARD.md documents, but for the number of threads; Keras by `predict_on_batch`, its
own compiled call. The figures go to benchmarks/inference.json; the table that it prints stands in
docs/exports.md.
"""

import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import setting
from exporting.calls import CALLS
from exporting.parity import size_of
from project import ROOT, command_line
from shared.console import run
from shared.dataset import Images, open_split
from shared.files import write_json

FIGURES = Path(__file__).resolve().with_suffix(".json")
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
    from shared.tf import keras as library

    return library.models.load_model(MODEL, compile=False).predict_on_batch  # type: ignore[no-any-return]


def saved_model(threads: int) -> Call:
    """Return it as TensorFlow loads it."""
    model = tensorflow(threads).saved_model.load(str(EXPORT / CALLS["saved_model"].file))
    return lambda images: model.serve(images)["probabilities"].numpy()


def tensorflow(threads: int) -> Any:
    """Import it, here and not above: few of the processes measure it."""
    from shared.tf import tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    return tf


def onnx(threads: int) -> Call:
    """Return it as ONNX Runtime loads it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = onnxruntime.InferenceSession(EXPORT / CALLS["onnx"].file, options)
    return lambda images: model.run(["probabilities"], {"images": images})[0]


def litert(file: str, threads: int) -> Call:
    """Return it as LiteRT loads it."""
    from ai_edge_litert.interpreter import Interpreter

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
    command_line(__doc__).parse_args()
    files = {"keras": MODEL} | {name: EXPORT / call.file for name, call in CALLS.items()}
    files = {name: path for name, path in files.items() if path.exists()}
    threads = sorted({1, CORES})
    rounds = setting.by_turns(ROOT, [(name, n) for name in files for n in threads], ROUNDS, play)
    figures = {
        name: {"file": path.relative_to(ROOT).as_posix(), "bytes": size_of(path)}
        | {str(n): summary(rounds[name, n]) for n in threads}
        for name, path in files.items()
    }
    packages = ("numpy", "keras", "tensorflow", "onnxruntime", "ai-edge-litert")
    report = {
        "machine": setting.machine(),
        "versions": setting.versions(*packages),
        "figures": figures,
    }
    write_json(FIGURES, report)
    print(table(report))  # noqa: T201 (its output)


def play(name: str, threads: int) -> Round:
    """Measure once, after a few calls that do not count."""
    call, images = loaded(name, threads)
    single = [
        setting.seconds(lambda: np.asarray(call(images[:1]))) for _ in range(WARM_UP + SINGLE_CALLS)
    ]
    batches = [
        setting.seconds(lambda: np.asarray(call(images))) for _ in range(WARM_UP + BATCH_CALLS)
    ]
    return Round(single[WARM_UP:], sum(batches[WARM_UP:]))


@cache
def loaded(name: str, threads: int) -> tuple[Call, Images]:
    """Return what a process measures, loaded once, and a batch of images."""
    images = open_split(TEST).images
    return LOAD[name](threads), np.resize(images, (BATCH, *images.shape[1:]))


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
    cores = str(report["machine"]["cores"])
    heads = ["file", "bytes", "one image, median (p99): 1 thread", f"{cores} threads"]
    heads += [f"{BATCH} at once: 1 thread", f"{cores} threads"]
    rows = []
    for row in report["figures"].values():
        both = (row["1"], row[cores])
        cells = [f"`{row['file']}`", f"{row['bytes']:,}"]
        cells += [f"{times['median_ms']} ms ({times['p99_ms']})" for times in both]
        cells += [f"{times['images_per_second']:,} a second" for times in both]
        rows.append(cells)
    return setting.markdown(heads, rows)


if __name__ == "__main__":
    run(main)
