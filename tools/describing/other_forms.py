"""The forms `parquet`, `arff`, `libsvm` and `cifar`: what is said in their files is told on."""

import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from describing.classes import rank_as_label
from describing.columns import tell_columns, texts_of
from describing.csv_tables import describe_read, names_beside, told_range
from describing.finding import Counts, Finding, Guess, Shape
from describing.parts import by_part
from describing.pictures import describe_pictures
from describing.sides import fitting, is_square
from describing.tables import Scan, Table, split_lines
from downloading.files import Files
from predicting.opening import read_picture
from shared.console import StageError

_SAMPLE = 300
_HEAD_ROWS = 40


class Parts(NamedTuple):
    """The files of one form: those to train on, those to validate on, those to test on."""

    train: list[str]
    validation: list[str]
    test: list[str]

    @property
    def guesses(self) -> list[Guess]:
        """The keys train and test."""
        train = [*self.train, *self.validation]
        why = "the validation set comes last" if self.validation else ""
        shards = "shards, in this order"
        return [
            Guess("train", train[0] if len(train) == 1 else train,
                  why or (shards if len(train) > 1 else "")),
            *(Guess("test", self.test[0] if len(self.test) == 1 else self.test, "its name says so")
              for _ in self.test[:1]),
        ]  # fmt: skip


def in_parts(paths: list[str]) -> Parts:
    """Return which of the files are for what, by their names."""
    parts = by_part(paths)
    train = parts.get("train") or parts.get(None, [])
    test, validation = parts.get("test", []), parts.get("validation", [])
    if not train:
        raise StageError(f"{paths[0]}: a table to test on, by its name, and none to train on")
    return (
        Parts(train, [], validation) if validation and not test else Parts(train, validation, test)
    )


def find_parquet(files: Files, paths: list[str]) -> Finding:
    """Return what Parquet tables are: pictures in a column, or a column a pixel."""
    try:
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415 (it is not always installed)
    except ModuleNotFoundError:
        raise StageError(
            f"{paths[0]}: a Parquet table needs pyarrow: pip install -r requirements-parquet.txt"
        ) from None
    parts = in_parts(paths)
    with files.open(parts.train[0]) as file:
        table = ParquetFile(file)
        names = table.schema_arrow.names
        features = _features(table.schema_arrow.metadata or {})
        batch = next(table.iter_batches(_SAMPLE))
    first = {name: batch.column(name).to_pylist() for name in names}
    image = next((name for name in names if _has_picture(first[name][0])), None)
    label = max(
        (name for name in names if name != image),
        key=rank_as_label,
        default=None,
    )
    if label is None or (image is None and not fitting(len(names) - 1)):
        raise StageError(f"{parts.train[0]}: no column of pictures and labels: {', '.join(names)}")
    keys = [*parts.guesses, Guess("label", label)]
    if image:
        finding = describe_pictures("parquet", [_Opener(value) for value in first[image]])
        finding.source = [*keys, Guess("image", image, "the pictures' column")]
    else:
        values = np.array([first[name] for name in names if name != label]).T
        finding = Finding("parquet", keys, values, {})
        low, high = float(values.min()), float(values.max())
        finding.low, finding.high, why = told_range(low, high, whole=values.dtype.kind in "iu")
        if why:
            finding.source.append(Guess("range", [finding.low, finding.high], why))
    finding.train = _labels(files, [*parts.train, *parts.validation], label)
    finding.test = _labels(files, parts.test, label) if parts.test else None
    finding.own_validation = sum(_labels(files, parts.validation, label).values())
    told = features.get(label, {}).get("names")
    if told:
        finding.names = {str(index): name for index, name in enumerate(told)}
        finding.names_from = "Hugging Face's ClassLabel in the file"
    return finding


class _Opener:
    """Opens a picture that a column has."""

    def __init__(self, value: Any) -> None:
        self.content = value["bytes"] if isinstance(value, dict) else value
        self.path = "picture"

    def __call__(self) -> Image.Image:
        return read_picture(Path(self.path), io.BytesIO(self.content))


def _has_picture(value: Any) -> bool:
    return isinstance(value, bytes) or (isinstance(value, dict) and "bytes" in value)


def _features(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    told = json.loads(metadata.get(b"huggingface", b"{}"))
    features: dict[str, Any] = told.get("info", {}).get("features", {})
    return features


def _labels(files: Files, paths: list[str], label: str) -> Counts:
    from pyarrow.parquet import read_table  # noqa: PLC0415 (it is not always installed)

    counts: Counter[str] = Counter()
    for path in paths:
        with files.open(path) as file:
            counts.update(map(str, read_table(file, columns=[label])[label].to_pylist()))
    return dict(counts)


def find_arff(files: Files, paths: list[str]) -> Finding:
    """Return what ARFF tables are, whose columns have names and may list the classes."""
    parts = in_parts(paths)
    table, nominal = _open_arff(files, parts.train[0])
    reads = {}
    for path in (*parts.train, *parts.validation, *parts.test):
        one, _ = _open_arff(files, path)
        scan = Scan(files, one, texts_of(one))
        columns = tell_columns(one, scan)
        if columns is None or columns.label is None:
            raise StageError(f"{path}: no images with a label among {one.columns} attributes")
        reads[path] = (one, scan, columns)
    finding = describe_read(reads, parts.train[0])
    finding.form = "arff"
    finding.source[:0] = parts.guesses
    count = Counter[str]()
    for path in (*parts.train, *parts.validation):
        count.update(reads[path][1].texts[reads[path][2].label or 0].tolist())
    finding.train = dict(count)
    if parts.test:
        _, scan, columns = reads[parts.test[0]]
        finding.test = dict(Counter(scan.texts[columns.label or 0].tolist()))
    label = table.name(reads[parts.train[0]][2].label or 0)
    if label in nominal:
        finding.names = {value: value for value in nominal[label] if value in finding.train}
        finding.names_from = f"@ATTRIBUTE {label}"
    return finding


def _open_arff(files: Files, path: str) -> tuple[Table, dict[str, list[str]]]:
    names, nominal = [], {}
    attribute = re.compile(
        r"""@attribute\s+(?:'([^']*)'|"([^"]*)"|(\S+))\s+(?:\{(.*)\})?""", re.IGNORECASE
    )
    number = 0
    with files.open(path) as file:
        for line in file:
            number += 1
            text = line.decode("utf-8-sig", errors="replace").strip()
            if match := attribute.match(text):
                name = next(group for group in match.groups()[:3] if group is not None)
                names.append(name)
                if match[4]:
                    nominal[name] = [value.strip(" '\"") for value in match[4].split(",")]
            if text.lower() == "@data":
                break
        else:
            raise StageError(f"{path}: no @DATA; an ARFF file has it above its rows")
        lines = [file.readline().decode() for _ in range(_HEAD_ROWS)]
    head = split_lines([line for line in lines if line.strip()], ",")
    if head and head[0][0].startswith("{"):
        raise StageError(f"{path}: a sparse ARFF; write all values: weka.filters SparseToNonSparse")
    return Table(path, ",", names, False, head, begin=number), nominal


def find_libsvm(files: Files, paths: list[str]) -> Finding:
    """Return what tables in LIBSVM's format are."""
    from sklearn.datasets import load_svmlight_file  # noqa: PLC0415 (it takes a second)

    parts = in_parts(paths)
    tables = {}
    for path in (*parts.train, *parts.validation, *parts.test):
        with files.open(path) as file:
            tables[path] = load_svmlight_file(file, zero_based=False)
    last = max(values.shape[1] for values, _ in tables.values())
    pixels = next(count for count in range(last, 2 * last + 200) if is_square(count))
    values, _ = tables[parts.train[0]]
    some = np.asarray(values[:: max(1, values.shape[0] // _SAMPLE)].todense())
    sample = np.zeros((len(some), pixels), np.float32)
    sample[:, : some.shape[1]] = some
    finding = Finding("libsvm", parts.guesses, sample, {})
    low = min(float(found.min()) for found, _ in tables.values())
    high = max(float(found.max()) for found, _ in tables.values())
    whole = all((found.data == np.rint(found.data)).all() for found, _ in tables.values())
    finding.low, finding.high, why = told_range(low, high, whole=whole)
    if why:
        finding.source.append(Guess("range", [finding.low, finding.high], why))
    counts = {
        path: Counter(f"{label:g}" for label in labels) for path, (_, labels) in tables.items()
    }
    finding.train = dict(
        sum((counts[path] for path in (*parts.train, *parts.validation)), Counter())
    )
    finding.test = (
        dict(sum((counts[path] for path in parts.test), Counter())) if parts.test else None
    )
    if last < pixels:
        finding.remarks.append(
            f"the last place is {last}: those up to {pixels} are taken for black"
        )
    return finding


def find_cifar(files: Files, paths: list[str], lists: list[tuple[Table, Scan]]) -> Finding:
    """Return what CIFAR's binary records are."""
    parts = in_parts(paths)
    with files.open(parts.train[0]) as file:
        size = len(file.read())
    label_bytes = 1 if size % 3073 == 0 else 2
    records = {path: _records(files, path, label_bytes) for path in paths}
    first = records[parts.train[0]][:_SAMPLE, label_bytes:]
    images = first.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    finding = Finding("cifar", parts.guesses, images, {})
    if label_bytes == 2:
        finding.source.append(Guess("label_bytes", 2, "records of 3,074 bytes, as CIFAR-100's"))
    finding.shape = Guess("image", Shape(32, 32, 3), "CIFAR's records")

    def count(names: list[str]) -> Counts:
        found = [records[name][:, label_bytes - 1] for name in names]
        return dict(Counter(str(label) for labels in found for label in labels))

    finding.train = count([*parts.train, *parts.validation])
    finding.test = count(parts.test) if parts.test else None
    finding.names, finding.names_from = names_beside(lists, finding.train)
    return finding


def _records(files: Files, path: str, label_bytes: int) -> npt.NDArray[np.uint8]:
    with files.open(path) as file:
        return np.frombuffer(file.read(), np.uint8).reshape(-1, 3072 + label_bytes)
