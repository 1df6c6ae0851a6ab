"""Say what pictures show, with model.onnx and dataset.json, which lie beside this file.

    pip install onnxruntime numpy pillow
    python predict.py photo.jpg drawing.png
    python predict.py table.csv --format json

A picture may have any size, and what it shows may be darker or lighter than its background, which
most of its edge belongs to. It is framed as MNIST's digits are: scaled into a box of 20/28 of the
side that the model takes, and its centre of mass put into the middle. `--as-is` scales a picture to
the model's size and does nothing else: for pictures that look like those of the dataset already, or
of a dataset with other frames. For a model that takes colours it is always so. A table (its name
ends in .csv) is laid out as those of the dataset, with labels or without.
"""

import argparse
import csv
import json
import math
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Shape = tuple[int, int, int]

BATCH_SIZE = 256
LARGEST = 400  # pixels; a larger picture is reduced first, which also averages its noise
VALUES = {str(value) for value in range(256)}
FAINTEST = 16  # grey levels of 256; a picture of less contrast is taken for empty


class RefusedError(Exception):
    """A file that is not what it should be."""


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
    parser.add_argument("files", nargs="+", type=Path, help="pictures, or tables that end in .csv")
    parser.add_argument("--format", choices=("text", "csv", "json"), default="text")
    parser.add_argument("--as-is", action="store_true", help="scale pictures and nothing else")
    arguments = parser.parse_args()
    # For a name that the terminal cannot show.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        dataset, model = load(Path(__file__).parent)
        images = read(arguments.files, dataset, as_is=arguments.as_is)
        predictions = list(predict(model, list(dataset["classes"].values()), images))
        write(predictions, arguments.format)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head`, which has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except RefusedError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or 'output'}: {error.strerror}")


def load(folder: Path) -> tuple[dict[str, Any], onnxruntime.InferenceSession]:
    """Return what dataset.json says, and the model. Raises RefusedError, or OSError."""
    about, model = folder / "dataset.json", folder / "model.onnx"
    try:
        dataset = json.loads(about.read_text(encoding="utf-8"))
    except ValueError:
        raise RefusedError(f"{about}: damaged; copy the exported folder again") from None
    content = model.read_bytes()
    try:
        return dataset, onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception:  # noqa: BLE001 (ONNX Runtime's errors have no other base)
        raise RefusedError(f"{model}: damaged; copy the exported folder again") from None


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
            sys.stdout.write(f"{source}: {label} ({probability:.1%})\n")


def predict(
    model: onnxruntime.InferenceSession, names: list[str], images: Iterable[tuple[str, Pixels]]
) -> Iterator[Prediction]:
    """Yield the most probable class of each image, a source and uint8 [height, width, channels]."""
    images = iter(images)
    while batch := list(islice(images, BATCH_SIZE)):
        sources, pixels = zip(*batch, strict=True)
        [probabilities] = model.run(["probabilities"], {"images": np.stack(pixels)})
        for source, row in zip(sources, probabilities, strict=True):
            yield Prediction(source, names[row.argmax()], round(float(row.max()), 6))


def read(
    files: Iterable[Path], dataset: dict[str, Any], *, as_is: bool
) -> Iterator[tuple[str, Pixels]]:
    """Yield the images of all files, as the model takes them. Raises RefusedError."""
    shape = tuple(dataset["image"][side] for side in ("height", "width", "channels"))
    for path in files:
        if path.suffix.lower() == ".csv":
            yield from read_table(path, dataset, shape)
        else:
            yield str(path), as_image(read_picture(path), path, shape, as_is=as_is)


def read_table(
    path: Path, dataset: dict[str, Any], shape: tuple[int, ...]
) -> Iterator[tuple[str, Pixels]]:
    """Yield the images of a table that is laid out as those of the dataset, labels or none."""
    size, transposed = math.prod(shape), dataset["transposed"]
    stored = (shape[1], shape[0], shape[2]) if transposed else shape
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            names = next(rows, []) if dataset["header"] else []
            label = label_column(path, dataset, names, size)
            for fields in rows:
                place = f"{path}:{rows.line_num}"
                if len(fields) not in (size, size + 1):
                    raise RefusedError(
                        f"{place}: {len(fields)} columns, where {size} pixels should be, or "
                        f"{size + 1} with the label as the {dataset['label']}"
                    )
                image = as_pixels(fields, label if len(fields) > size else size, place)
                image = image.reshape(stored).swapaxes(0, int(transposed))
                yield place, ~image if dataset["inverted"] else image
    except (UnicodeDecodeError, csv.Error):
        raise RefusedError(f"{path}: not a table of numbers between commas") from None
    if not rows.line_num > bool(names):
        raise RefusedError(f"{path}: an empty table")


def label_column(path: Path, dataset: dict[str, Any], names: list[str], size: int) -> int:
    """Return the label's place, from 0, in a table with such a header or none."""
    if names and all(name in VALUES for name in names):
        raise RefusedError(f"{path}:1: numbers, where a header should be")
    places = {name: place for place, name in enumerate(names)} | {"first": 0, "last": size}
    if len(names) > size and dataset["label"] not in places:
        raise RefusedError(f"{path}:1: no column has the label's name, {dataset['label']!r}")
    return places.get(dataset["label"], size)


def as_pixels(fields: list[str], label: int, place: str) -> Pixels:
    """Return the fields but the label's as numbers."""
    for column, field in enumerate(fields):
        if column != label and field not in VALUES:
            raise RefusedError(
                f"{place}: column {column + 1}: {field[:20]!r} is not a pixel value (0 to 255)"
            )
    return np.array(fields[:label] + fields[label + 1 :], dtype=np.uint8)


def read_picture(path: Path) -> Image.Image:
    """Return the picture the right way up, on paper if it is transparent. Raises RefusedError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                picture = ImageOps.exif_transpose(file)
    except UnidentifiedImageError:
        raise RefusedError(f"{path}: neither a picture nor a table (.csv)") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise RefusedError(f"{path}: larger than 89 megapixels; scale it down") from None
    except (OSError, SyntaxError, TypeError, ValueError) as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise RefusedError(f"{path}: a broken picture ({error})") from None
    return on_paper(picture) if picture.has_transparency_data else picture


def on_paper(picture: Image.Image) -> Image.Image:
    """Return a transparent picture on black or white, whichever is further from what it shows."""
    picture = picture.convert("RGBA")
    grey, alpha = (
        np.asarray(band, np.float64) for band in (picture.convert("L"), picture.split()[3])
    )
    bright = (grey * alpha).sum() > 127.5 * alpha.sum()
    paper = Image.new("RGBA", picture.size, "black" if bright else "white")
    return Image.alpha_composite(paper, picture).convert("RGB")


def as_image(picture: Image.Image, path: Path, shape: tuple[int, ...], *, as_is: bool) -> Pixels:
    """Return the picture as uint8 [height, width, channels]."""
    height, width, channels = shape
    if channels == 3:
        return np.asarray(picture.convert("RGB").resize((width, height)))
    grey = picture.convert("F")
    if picture.mode.startswith("I;16"):
        grey = grey.point(lambda level: level * (1 / 257))
    if as_is:
        pixels = np.asarray(grey.resize((width, height)))
    else:
        pixels = framed(ink(grey, path), height, width)
    whole: Pixels = np.rint(pixels.clip(0, 255)).astype(np.uint8)
    return whole[..., None]


def ink(grey: Image.Image, path: Path) -> Floats:
    """Return how far each pixel is from the background, towards what differs from it most."""
    grey.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    levels = np.asarray(grey)
    edge = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
    background = float(np.median(edge))
    darker, lighter = background - levels.min(), levels.max() - background
    if max(darker, lighter) < FAINTEST:
        raise RefusedError(f"{path}: an empty picture")
    return (background - levels if darker > lighter else levels - background).clip(0)


def framed(ink: Floats, height: int, width: int) -> Floats:
    """Return the ink as MNIST frames a digit, [height, width], at most 255.

    LeCun, Cortes and Burges, "The MNIST database": digits were scaled, their proportions kept, to
    fit into 20×20 pixels, and placed into 28×28 by their centre of mass. What is nearer to the ink
    than to the background counts as the digit, as in MNIST's scans, which knew black and white.
    """
    box = Image.fromarray(ink > ink.max() / 2).getbbox()
    digit = Image.fromarray(ink).crop(box)
    scale = round(min(height, width) * 20 / 28) / max(digit.size)
    across, down = (max(1, round(side * scale)) for side in digit.size)
    small = np.asarray(digit.resize((across, down), Image.Resampling.LANCZOS)).clip(0)
    top = corner(small.sum(axis=1), height)
    left = corner(small.sum(axis=0), width)
    frame = np.zeros((height, width), np.float32)
    frame[top : top + down, left : left + across] = small * (255 / small.max())
    return frame


def corner(mass: Floats, side: int) -> int:
    """Return where a digit begins on an axis, so that its centre of mass is the middle's pixel."""
    centre = float((mass * np.arange(len(mass))).sum() / mass.sum())
    return min(max(math.floor(side / 2 + 0.5 - centre), 0), side - len(mass))


if __name__ == "__main__":
    main()
