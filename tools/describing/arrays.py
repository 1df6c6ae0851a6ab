"""The form `arrays`: which arrays of npz, npy, HDF5, mat and IDX files are images, which labels."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from describing.csv_tables import told_range
from describing.finding import Counts, Finding, Guess, Shape
from describing.parts import Part, part_of_path
from describing.sides import LEAST, fitting
from describing.sniffing import Item
from downloading.files import Files
from downloading.forms.arrays import readable
from shared.console import StageError

Values = npt.NDArray[Any]
_SAMPLE = 800
_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_LABELS = re.compile(r"(^|[^a-z])(y|labels?|targets?|class(es)?)([^a-z]|$)", re.IGNORECASE)


class Array(NamedTuple):
    """An array in a file: its path, as an entry has it, its shape, and what loads it."""

    path: str
    shape: tuple[int, ...]
    load: Callable[[], Values]


class Pair(NamedTuple):
    """Images and the labels that go with them."""

    images: Array
    labels: Array
    axes: str


def find_arrays(files: Files, items: list[Item]) -> Finding:
    """Return what the arrays are. Raises StageError where no images have labels."""
    found = [array for item in items for array in _READERS[item.kind](files, item.path)]
    pairs, rest = _pairs(found)
    by_part: dict[Part | None, list[Pair]] = {}
    for pair in pairs:
        by_part.setdefault(part_of_path(pair.images.path), []).append(pair)
    train = by_part.get("train") or by_part.get(None, [])
    validation, test = by_part.get("validation", []), by_part.get("test", [])
    if not train:
        there = ", ".join(f"{array.path} {array.shape}" for array in found)
        raise StageError(f"no array of images with an array of labels: there are {there}")
    if validation and not test:
        validation, test = [], validation
    images = [pair.images.load() for pair in (*train, *validation)]
    values = [images[0], *(pair.images.load() for pair in test)]
    whole = all(array.dtype.kind in "iub" for array in values)
    low, high, why = told_range(*_span(values), whole=whole)
    axes = train[0].axes
    first = images[0].transpose([axes.index(axis) for axis in "NHWCP" if axis in axes])
    sample = first[:: max(1, len(first) // _SAMPLE)]
    finding = Finding("arrays", [], sample, {}, low=low, high=high)
    paths = [[*_paths(train + validation)], [*_paths(test)]]
    finding.source = [
        Guess(part, dict(zip(("images", "labels"), pair, strict=True)), reason)
        for part, pair, reason in zip(("train", "test"), paths, _reasons(validation), strict=True)
        if pair
    ]
    if axes not in ("NP", "NHW", "NHWC"):
        shape = "×".join(map(str, train[0].images.shape))
        finding.source.append(Guess("axes", axes, f"{shape}, and there are {len(first):,} labels"))
    if why:
        finding.source.append(Guess("range", [low, high], why))
    if "P" not in axes:
        height, width = sample.shape[1:3]
        channels = sample.shape[3] if sample.ndim == 4 else 1
        finding.shape = Guess("image", Shape(height, width, channels), "the array's sides")
    finding.train = _count(train + validation)
    finding.test = _count(test) if test else None
    finding.own_validation = sum(len(_labels(pair)) for pair in validation)
    if set(finding.train) == {str(number) for number in range(1, 11)} and "x32" in paths[0][0]:
        finding.names = {str(number): str(number % 10) for number in range(1, 11)}
        finding.names_from = "SVHN, whose 10 means 0"
    finding.remarks = [f"{array.path} {array.shape} is left out" for array in rest]
    return finding


def _reasons(validation: list[Pair]) -> tuple[str, str]:
    return ("the rows of the validation set come last" if validation else ""), ""


def _paths(pairs: list[Pair]) -> list[Any]:
    both = [[pair.images.path for pair in pairs], [pair.labels.path for pair in pairs]]
    return [paths[0] if len(paths) == 1 else paths for paths in both] if pairs else []


def _span(values: list[Values]) -> tuple[float, float]:
    return float(min(array.min() for array in values)), float(max(array.max() for array in values))


def _count(pairs: list[Pair]) -> Counts:
    return dict(Counter(label for pair in pairs for label in _labels(pair)))


def _labels(pair: Pair) -> list[str]:
    """Return labels as the form has them."""
    values = pair.labels.load()
    if values.ndim == 2 and 1 in values.shape:
        values = values.ravel()
    if values.ndim == 2:
        values = values.argmax(axis=1)
    if values.dtype.kind == "f":
        values = values.astype(np.int64)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    return [str(value) for value in values.tolist()]


def _pairs(arrays: list[Array]) -> tuple[list[Pair], list[Array]]:
    """Return images with their labels, in order, and the arrays that are neither."""
    images = [array for array in arrays if _may_be_images(array)]
    others = [array for array in arrays if array not in images]
    pairs = []
    for array in images:
        part = part_of_path(array.path)
        near = [
            label
            for label in others
            if part_of_path(label.path) == part and _axes(array.shape, _rows(label.shape))
        ]
        near.sort(key=lambda label: (not _LABELS.search(label.path), label.path))
        if near:
            others.remove(near[0])
            pairs.append(Pair(array, near[0], _axes(array.shape, _rows(near[0].shape))))
    used = [pair.images for pair in pairs]
    return pairs, [array for array in arrays if array in others or
                   (array in images and array not in used)]  # fmt: skip


def _may_be_images(array: Array) -> bool:
    shape = array.shape
    if len(shape) == 2:
        return (
            min(shape) > 1
            and any(side >= LEAST**2 and fitting(side) for side in shape)
            and (not _LABELS.search(PurePosixPath(array.path).name))
        )
    return len(shape) in (3, 4)


def _rows(shape: tuple[int, ...]) -> int:
    """Return how many labels an array [N], [N, 1], [1, N] or [N, classes] has."""
    return max(shape) if 1 in shape else shape[0] if shape else 0


def _axes(shape: tuple[int, ...], count: int) -> str:
    """Return the order of the axes of `count` images, "" if there are not so many."""
    if len(shape) == 2:
        return {shape[1]: "PN", shape[0]: "NP"}.get(count, "")
    if count not in (shape[0], shape[-1]):
        return ""
    sides = shape[1:] if shape[0] == count else shape[:-1]
    if len(sides) == 2:
        order = "HW"
    elif sides[2] in (1, 3):
        order = "HWC"
    elif sides[0] in (1, 3):
        order = "CHW"
    else:
        return ""
    return f"N{order}" if shape[0] == count else f"{order}N"


def _npz(files: Files, path: str) -> list[Array]:
    with (
        files.open(path) as stream,
        readable(files.place(path)),
        np.load(stream, allow_pickle=False) as archive,
    ):
        names = archive.files

    def load(name: str) -> Callable[[IO[bytes]], Values]:
        return lambda file: _load(file, path)[name]

    return [_of(files, path, f"{path}/{name}", load(name)) for name in names]


def _npy(files: Files, path: str) -> list[Array]:
    return [_of(files, path, path, lambda file: _load(file, path))]


def _load(file: IO[bytes], path: str) -> Any:
    try:
        return np.load(file, allow_pickle=False)
    except ValueError:
        raise StageError(
            f"{path}: an array of Python's objects, which is a pickle; if you trust it, save "
            f"numbers: numpy.save('x.npy', numpy.load({PurePosixPath(path).name!r}, "
            "allow_pickle=True).astype('uint8'))"
        ) from None


def _hdf5(files: Files, path: str) -> list[Array]:
    import h5py  # noqa: PLC0415 (only where it is needed)

    names: list[str] = []
    with files.open(path) as stream, readable(files.place(path)), h5py.File(stream, "r") as file:
        file.visititems(
            lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
        )

    def load(name: str) -> Callable[[IO[bytes]], Values]:
        return lambda file: h5py.File(file, "r")[name][:]

    return [_of(files, path, f"{path}/{name}", load(name)) for name in names]


def _mat(files: Files, path: str) -> list[Array]:
    from scipy.io import loadmat, whosmat  # noqa: PLC0415 (only where it is needed)

    with files.open(path) as stream, readable(files.place(path)):
        found = whosmat(stream)
    structs = [name for name, _, kind in found if kind == "struct"]
    if len(structs) == len(found):
        raise StageError(
            f"{path}: {', '.join(structs)} is a struct; save its arrays: m = scipy.io.loadmat("
            f"{PurePosixPath(path).name!r}, simplify_cells=True)['{structs[0]}']; "
            "numpy.savez('data.npz', train_images=m['train']['images'], "
            "train_labels=m['train']['labels'])"
        )

    def load(name: str) -> Callable[[IO[bytes]], Values]:
        return lambda file: loadmat(file, variable_names=[name])[name]

    arrays = [name for name, _, kind in found if kind != "struct"]
    return [_of(files, path, f"{path}/{name}", load(name)) for name in arrays]


def _idx(files: Files, path: str) -> list[Array]:
    def load(file: IO[bytes]) -> Values:
        content = file.read()
        start = 4 + 4 * content[3]
        shape = np.frombuffer(content[4:start], ">u4")
        return np.frombuffer(content[start:], _IDX_TYPES[content[2]]).reshape(shape)

    return [_of(files, path, path, load)]


def _of(files: Files, file: str, path: str, read: Callable[[IO[bytes]], Values]) -> Array:
    """Return an array, kept from the first time that it is read."""
    kept: list[Values] = []

    def load() -> Values:
        if not kept:
            with files.open(file) as stream, readable(files.place(file)):
                kept.append(read(stream))
        return kept[0]

    return Array(path, load().shape, load)


_READERS = {"npz": _npz, "npy": _npy, "hdf5": _hdf5, "mat": _mat, "idx": _idx}
KINDS = frozenset(_READERS)
