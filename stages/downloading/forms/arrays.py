"""The form `arrays`: images and labels in npz, npy, HDF5, MATLAB's mat or IDX files."""

import math
import struct
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import IO, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import field_validator

from downloading.files import Files
from downloading.forms.form import Form, Paths, Rows, Span, Which, as_list, guarded, to_bytes
from downloading.sources import Part
from shared.console import StageError
from shared.dataset import Description

Array = npt.NDArray[Any]

_BYTES_AT_ONCE = 1 << 22
_AXES = {2: "NP", 3: "NHW", 4: "NHWC"}
_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


class ArrayPair(Part):
    """Where images and labels are: a file, and after it the array's name, if it holds several."""

    images: Paths
    labels: Paths


class ArraysForm(Form):
    """Arrays.

    Attributes:
        train, test: the arrays; lists are read as one table.
        axes: the order of image number, height, width and channels, or pixels (P) in one row.
        range: the numbers for black and white, which become 0 and 255.
    """

    form: Literal["arrays"]
    train: ArrayPair
    test: ArrayPair | None = None
    axes: str | None = None
    range: Span | None = None

    @field_validator("axes")
    @classmethod
    def _is_an_order(cls, axes: str) -> str:
        if sorted(axes) not in ([*"NP"], [*"HNW"], [*"CHNW"]):
            raise ValueError("must be an order of N, H, W and C, of N, H and W, or of N and P")
        return axes

    @property
    def has_test(self) -> bool:
        """Whether there are arrays to test on."""
        return self.test is not None

    def read(self, which: Which, files: Files, _: Description) -> Iterator[Rows]:
        """Yield images and labels in chunks."""
        pair: ArrayPair = getattr(self, which)
        paths = [as_list(part, files) for part in (pair.images, pair.labels)]
        for images_path, labels_path in zip(*paths, strict=True):
            with ExitStack() as stack:
                images = stack.enter_context(_open_array(files, images_path))
                labels = _labels(stack.enter_context(_open_array(files, labels_path)), labels_path)
                axes = self.axes or _AXES.get(len(images.shape), "")
                if len(axes) != len(images.shape):
                    raise StageError(
                        f"{files.place(images_path)}: an array of {images.shape}; `axes` in the "
                        "dataset's entry has the order of N, H, W, C for it (or N, P)"
                    )
                count = images.shape[axes.index("N")]
                if len(labels) != count:
                    raise StageError(
                        f"{files.place(labels_path)}: {len(labels):,} labels; expected {count:,}, "
                        "one for each image"
                    )
                start = 0
                for chunk in _in_order(images, axes):
                    sources = [f"{images_path}[{start + n}]" for n in range(len(chunk))]
                    end = start + len(chunk)
                    pixels = to_bytes(chunk, self.range, sources)
                    yield Rows(pixels, labels[start:end], sources)
                    start = end


class _Stored(NamedTuple):
    """An array in a file: its shape, and parts of it along its first axis."""

    shape: tuple[int, ...]
    parts: Iterator[Array]


def _in_order(images: _Stored, axes: str) -> Iterator[Array]:
    """Yield images with the number first, then height, width and channels, in parts."""
    order = [axes.index(axis) for axis in "NHWCP" if axis in axes]
    if order[0] == 0:
        for part in images.parts:
            yield part.transpose(order)
    else:
        whole = np.concatenate(list(images.parts)).transpose(order)
        yield from np.array_split(whole, max(1, whole.nbytes // _BYTES_AT_ONCE))


def _labels(stored: _Stored, path: str) -> list[str]:
    """Return labels [N], [N, 1] or one-hot [N, K] as texts."""
    values = np.concatenate(list(stored.parts))
    if values.ndim == 2 and 1 in values.shape:
        values = values.ravel()
    if values.ndim == 2 and ((values != 0).sum(axis=1) == 1).all():
        values = values.argmax(axis=1)
    if values.ndim != 1:
        raise StageError(f"{path}: an array of {values.shape}; expected a label for each image")
    if values.dtype.kind == "f" and (values == np.rint(values)).all():
        values = values.astype(np.int64)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    return [str(value) for value in values.tolist()]


@contextmanager
def _open_array(files: Files, path: str) -> Iterator[_Stored]:
    """Open the array of that path. Raises StageError, with the names that there are."""
    parts = PurePosixPath(path).parts
    beginnings = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
    file = next(filter(files.is_file, beginnings), path)
    with files.open(file) as stream:
        place = files.place(file)
        with readable(place):
            stored = _stored(stream, path[len(file) + 1 :], place)
        yield _Stored(stored.shape, guarded(stored.parts, partial(readable, place)))


@contextmanager
def readable(place: str) -> Iterator[None]:
    """Raise StageError for a file that the libraries cannot read: they raise errors of any kind."""
    try:
        yield
    except (StageError, MemoryError):
        raise
    except Exception as error:
        raise StageError(f"{place}: {error}") from error


def _stored(stream: IO[bytes], name: str, place: str) -> _Stored:
    start = stream.read(8)
    stream.seek(0)
    if start.startswith(b"PK"):
        archive = zipfile.ZipFile(stream)
        names = [member.removesuffix(".npy") for member in archive.namelist()]
        _require_name(name, names, place)
        return _npy(archive.open(f"{name}.npy"))
    if start.startswith(b"\x93NUMPY"):
        return _npy(stream)
    if start == b"\x89HDF\r\n\x1a\n":
        import h5py  # noqa: PLC0415 (only where it is needed)

        file = h5py.File(stream, "r")
        arrays: list[str] = []
        file.visititems(
            lambda key, item: arrays.append(key) if isinstance(item, h5py.Dataset) else None
        )
        _require_name(name, arrays, place)
        data = file[name]
        step = max(1, _BYTES_AT_ONCE // max(1, data.nbytes // max(1, len(data))))
        return _Stored(data.shape, (data[at : at + step] for at in range(0, len(data), step)))
    if start.startswith(b"MATLAB"):
        from scipy.io import loadmat  # noqa: PLC0415 (only where it is needed)

        found = loadmat(stream, variable_names=[name])
        if name not in found:
            stream.seek(0)
            names = [key for key in loadmat(stream) if not key.startswith("__")]
            _require_name(name, names, place)
        return _Stored(found[name].shape, iter([found[name]]))
    if start[:2] == b"\0\0" and start[2] in _IDX_TYPES:
        kind, rank = struct.unpack(">2xBB", stream.read(4))
        shape = struct.unpack(f">{rank}I", stream.read(4 * rank))
        return _streamed(stream, shape, np.dtype(_IDX_TYPES[kind]))
    raise StageError(
        f"{place}: none of npz, npy, HDF5, mat and IDX; a pickle becomes one by "
        "`numpy.savez('data.npz', images=…, labels=…)`"
    )


def _require_name(name: str, names: list[str], place: str) -> None:
    if name not in names:
        found = f"no array {name!r}" if name else "no array named"
        raise StageError(f"{place}: {found}; there are {', '.join(names[:20])} (`FILE/NAME`)")


def _npy(stream: IO[bytes]) -> _Stored:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0
    shape, fortran, dtype = (
        read(stream) if version == (1, 0) else np.lib.format.read_array_header_2_0(stream)
    )
    if dtype.hasobject:
        raise ValueError("an array of Python's objects, which is a pickle; save it as numbers")
    if fortran:
        whole = np.frombuffer(stream.read(), dtype).reshape(shape[::-1]).transpose()
        return _Stored(shape, iter([whole]))
    return _streamed(stream, shape, dtype)


def _streamed(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> _Stored:
    """Return an array whose values follow in the stream, in C order."""
    size = math.prod(shape[1:]) * dtype.itemsize
    step = max(1, _BYTES_AT_ONCE // max(1, size))

    def parts() -> Iterator[Array]:
        for start in range(0, shape[0], step):
            count = min(step, shape[0] - start)
            content = stream.read(count * size)
            if len(content) < count * size:
                raise ValueError(f"ends after {start:,} of {shape[0]:,} rows")
            yield np.frombuffer(content, dtype).reshape(count, *shape[1:])

    return _Stored(shape, parts())
