"""Arrays of images, laid out as those of the dataset: npz, npy, IDX and CIFAR's records."""

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from predicting.dataset import Dataset
from predicting.kinds import IDX, opened
from predicting.refusal import RefusedError
from predicting.scaling import Pixels, expected, put_right, to_bytes

Array = npt.NDArray[Any]

_AXES = {2: "NP", 3: "NHW", 4: "NHWC"}
_AT_ONCE = 256


def read_arrays(path: Path, name: str, dataset: Dataset) -> Iterator[tuple[str, None, Pixels]]:
    """Yield place, no id, and image, for all images of the array of that name in a file.

    Without a name, it is the only array of images there. Raises RefusedError.
    """
    try:
        name, array = _load(path, name, dataset)
    except RefusedError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            raise
        # Of a broken file, NumPy raises whatever comes of it.
        raise RefusedError(f"{path}: a broken array ({error or type(error).__name__})") from None
    place = f"{path}/{name}" if name else f"{path}"
    if not _fits(array.shape, dataset) or array.dtype.kind not in "buif":
        sides = "×".join(map(str, dataset.stored))
        raise RefusedError(
            f"{place}: an array of {array.dtype} {array.shape}; expected images of {sides}"
        )
    axes = _axes(array.shape, dataset)
    images = array.transpose([axes.index(axis) for axis in "NHWCP" if axis in axes])
    span = dataset.layout.range
    for start in range(0, len(images), _AT_ONCE):
        pixels, fits = to_bytes(images[start : start + _AT_ONCE], span)
        for wrong in np.argwhere(~fits)[:1]:
            at = start + wrong[0]
            found = f"{images[(at, *wrong[1:])]:g}"
            raise RefusedError(f"{place}[{at}]: {found} {expected(span)}")
        for number, image in enumerate(pixels, start):
            planes = bool(dataset.layout.label_bytes)
            yield f"{place}[{number}]", None, put_right(image, dataset, planes=planes)


def _load(path: Path, name: str, dataset: Dataset) -> tuple[str, Array]:
    """Return the array, and what it is called in its file."""
    with opened(path) as file:
        start = file.read(4)
        file.seek(0)
        if start.startswith(b"PK"):
            name = name or _only_name(file, path, dataset)
            with np.load(file, allow_pickle=False) as arrays:
                if name not in arrays.files:
                    there = ", ".join(arrays.files)
                    raise RefusedError(f"{path}: no array {name!r}; there are {there}")
                return name, arrays[name]
        if start.startswith(b"\x93N"):
            return "", np.load(file, allow_pickle=False)
        content = file.read()
    if start[:2] == b"\0\0":
        sizes = np.frombuffer(content, ">u4", start[3], offset=4)
        values = np.frombuffer(content, IDX[start[2]], offset=4 + 4 * len(sizes))
        return "", values.reshape(sizes.tolist())
    return "", _records(content, path, dataset)


def _only_name(file: IO[bytes], path: Path, dataset: Dataset) -> str:
    """Return the name of the array of an npz that has the shape of images."""
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.namelist() if member.endswith(".npy")]
        if not members:
            raise RefusedError(f"{path}: a zip; unpack it, or save a spreadsheet as CSV")
        found = []
        for member in members:
            with archive.open(member) as array:
                version = np.lib.format.read_magic(array)
                header = (
                    np.lib.format.read_array_header_1_0(array)
                    if version == (1, 0)
                    else np.lib.format.read_array_header_2_0(array)
                )
            if _fits(header[0], dataset):
                found.append(member.removesuffix(".npy"))
    file.seek(0)
    if len(found) == 1:
        return found[0]
    if not found:
        sides = "×".join(map(str, dataset.stored))
        raise RefusedError(f"{path}: no array of images of {sides} in it")
    raise RefusedError(
        f"{path}: {len(found)} arrays of images; name one: "
        + ", ".join(f"{path.name}/{name}" for name in found)
    )


def _records(content: bytes, path: Path, dataset: Dataset) -> Array:
    """Return the pixels of CIFAR's records, which begin with their labels or have none."""
    pixels = math.prod(dataset.shape)
    for skipped in (dataset.layout.label_bytes, 0):
        if len(content) % (skipped + pixels) == 0:
            return np.frombuffer(content, np.uint8).reshape(-1, skipped + pixels)[:, skipped:]
    raise RefusedError(f"{path}: ends within a record of {pixels:,} pixels")


def _axes(shape: tuple[int, ...], dataset: Dataset) -> str:
    return dataset.layout.axes or _AXES.get(len(shape), "")


def _fits(shape: tuple[int, ...], dataset: Dataset) -> bool:
    axes = _axes(shape, dataset)
    if len(axes) != len(shape):
        return False
    sizes = dict(zip(axes, shape, strict=True))
    rows, columns, channels = dataset.stored
    one = {"H": rows, "W": columns, "C": channels, "P": math.prod(dataset.shape)}
    sides = [size for axis, size in sizes.items() if axis != "N"]
    return (
        sizes["N"] > 0
        and sides == [one[axis] for axis in sizes if axis != "N"]
        and ("P" in axes or "C" in axes or channels == 1)
    )
