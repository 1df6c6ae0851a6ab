"""Say what pictures show, with predicting/, model.onnx and dataset.json, which lie beside this.

    pip install onnxruntime numpy pillow
    python predict.py photo.jpg drawing.png
    python predict.py table.csv --format json
    python predict.py test.csv --columns ImageId,Label > submission.csv

A picture may have any size. `fit` in dataset.json says how it becomes the model's image, as it does
for pictures to train on: `stretch` scales both sides, `pad` keeps the proportions and fills up,
`crop` keeps them and cuts off. `digits` frames it as MNIST's digits are: scaled into a box of 20/28
of the side that the model takes, and its centre of mass put into the middle; what it shows may be
darker or lighter than the page, and must not touch the picture's edge. `--as-is` stretches
whatever the dataset does: for pictures that look like those of the dataset already. A table (its
name ends in .csv, .tsv, .txt, .data or .arff) is laid out as those of the dataset, with labels or
without, and so is an array (npz, npy, IDX): FILE.npz is one with a single array of images, and
FILE.npz/NAME names the array. `--columns` writes a competition's submission: ids (or numbers from
1, where there are none), and labels as the dataset's own files have them.
"""

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, starmap
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from predicting.arrays import read_arrays
from predicting.dataset import Dataset, read_dataset
from predicting.kinds import kind_of
from predicting.opening import read_picture
from predicting.pictures import as_image, shown
from predicting.refusal import WHOLE, RefusedError, printable
from predicting.tables import read_images

Pixels = npt.NDArray[np.uint8]

BATCH_SIZE = 256


class Item(NamedTuple):
    """An image, where it comes from, and what a competition calls it, if anything."""

    source: str
    id: str | None
    pixels: Pixels


class Prediction(NamedTuple):
    """What an image shows."""

    source: str
    label: str
    probability: float


def main() -> None:
    """Read, predict, print. A file that is refused ends it before anything is printed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, help="pictures, tables, arrays")
    parser.add_argument("--format", choices=("text", "csv", "json"), default="text")
    parser.add_argument("--columns", metavar="ID,LABEL", type=two, help="write a submission")
    parser.add_argument("--as-is", action="store_true", help="scale pictures and nothing else")
    parser.add_argument(
        "--show",
        type=Path,
        metavar="NEW.PNG",
        help="draw each picture, what was taken for ink in red, and the image that the model gets",
    )
    arguments = parser.parse_args()
    if sys.stdout is None:
        sys.exit("error: output: it is closed")
    # For a name that the terminal cannot show.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        dataset, model = load(Path(__file__).parent)
        if arguments.as_is:
            dataset = dataset._replace(fit="stretch")
        if arguments.show:
            draw(arguments.files, dataset, arguments.show)
        items = enumerate(read(arguments.files, dataset), 1)
        if arguments.columns:
            images = ((f"{n}" if item.id is None else item.id, item.pixels) for n, item in items)
            write_submission(predict(model, dataset.labels, images), arguments.columns)
        else:
            images = ((item.source, item.pixels) for _, item in items)
            write(list(predict(model, dataset.names, images)), arguments.format)
        sys.stdout.flush()
    except RefusedError as error:
        sys.exit(f"error: {printable(str(error))}")
    except OSError as error:
        # What the output would not take, Python would try to write once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # `| head`, which has seen enough
            sys.exit(f"error: {error.filename or 'output'}: {error.strerror}")


def load(folder: Path) -> tuple[Dataset, onnxruntime.InferenceSession]:
    """Return what dataset.json says, and the model. Raises RefusedError, or OSError."""
    path = folder / "model.onnx"
    dataset = read_dataset(folder / "dataset.json")
    content = path.read_bytes()
    try:
        model = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception:  # noqa: BLE001 (ONNX Runtime's errors have no other base)
        raise RefusedError(f"{path}: damaged; {WHOLE}") from None
    takes = [(value.name, value.type, value.shape[1:]) for value in model.get_inputs()]
    gives = [(value.name, value.shape[1:]) for value in model.get_outputs()]
    if takes != [("images", "tensor(uint8)", list(dataset.shape))] or gives != [
        ("probabilities", [len(dataset.names)])
    ]:
        raise RefusedError(f"{path}: not the model that dataset.json describes; {WHOLE}")
    return dataset, model


def two(text: str) -> list[str]:
    """Return two names between a comma."""
    names = text.split(",")
    if len(names) != 2:
        raise argparse.ArgumentTypeError(f"{text!r}: expected two names, as in ImageId,Label")
    return names


def write_submission(predictions: Iterable[Prediction], columns: list[str]) -> None:
    """Print a table of ids and labels, once all are there."""
    rows = [(source, label) for source, label, _ in predictions]
    csv.writer(sys.stdout, lineterminator="\n").writerows([columns, *rows])


def draw(files: list[Path], dataset: Dataset, target: Path) -> None:
    """Write a new PNG that shows how each picture was read. Raises RefusedError, or OSError."""
    sheets = [
        np.asarray(shown(read_picture(path), path, dataset.shape, dataset.fit))
        for path in files
        if path.is_file() and kind_of(path, dataset) == "picture"
    ]
    if not sheets:
        raise RefusedError(f"{target}: --show is for pictures, and these are tables")
    with target.open("xb") as file:  # never over a picture that was to be read
        Image.fromarray(np.concatenate(sheets)).save(file, "png")


def write(predictions: list[Prediction], style: str) -> None:
    """Print the predictions: a line each, a table with a header, or a JSON list."""
    if style == "csv":
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(Prediction._fields)
        table.writerows(predictions)
    elif style == "json":
        rows = [prediction._asdict() for prediction in predictions]
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    else:
        for source, label, probability in predictions:
            sys.stdout.write(f"{printable(source)}: {printable(label)} ({probability:.1%})\n")


def predict(
    model: onnxruntime.InferenceSession, names: Sequence[str], images: Iterable[tuple[str, Pixels]]
) -> Iterator[Prediction]:
    """Yield the most probable class of each image, a source and uint8 [height, width, channels]."""
    images = iter(images)
    while batch := list(islice(images, BATCH_SIZE)):
        sources, pixels = zip(*batch, strict=True)
        [probabilities] = model.run(["probabilities"], {"images": np.stack(pixels)})
        for source, row in zip(sources, probabilities, strict=True):
            yield Prediction(source, names[row.argmax()], round(float(row.max()), 6))


def read(files: Iterable[Path], dataset: Dataset) -> Iterator[Item]:
    """Yield the images of all files, as the model takes them. Raises RefusedError."""
    for path in files:
        inside = path.parent.suffix.lower() == ".npz" and path.parent.is_file()
        file, name = (path.parent, path.name) if inside else (path, "")
        kind = kind_of(file, dataset)
        if kind == "table":
            yield from starmap(Item, read_images(file, dataset))
        elif kind == "array":
            yield from starmap(Item, read_arrays(file, name, dataset))
        else:
            pixels = as_image(read_picture(path), path, dataset.shape, dataset.fit)
            yield Item(str(path), path.name.removesuffix(dataset.layout.suffix), pixels)


if __name__ == "__main__":
    main()
