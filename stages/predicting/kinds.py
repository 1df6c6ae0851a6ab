"""What a file is, by its first bytes, and what makes one of it that predict.py reads."""

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from predicting.dataset import Dataset
from predicting.refusal import RefusedError

Kind = Literal["array", "picture", "table"]

TABLES = (".csv", ".tsv", ".txt", ".data", ".arff")
IDX = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}

_GZIP = b"\x1f\x8b"
_SPARSE = re.compile(rb"[\w.+-]+( +\d+:[\d.eE+-]+)+\s")
_SAVEZ = "numpy.savez('images.npz', "
_CONVERTED = {
    "HDF5": "import h5py, numpy; " + _SAVEZ + "images=h5py.File({file!r})['NAME'][:])",
    "a MATLAB file": "import numpy, scipy.io; " + _SAVEZ + "**scipy.io.loadmat({file!r}))",
    "Parquet": (
        "import numpy, pandas; " + _SAVEZ + "images=pandas.read_parquet({file!r})"
        ".drop(columns={label!r}, errors='ignore'))"
    ),
    "Parquet with pictures": (
        "import pandas; [open(f'{{n:06}}.png', 'wb').write(x['bytes']) "
        "for n, x in enumerate(pandas.read_parquet({file!r})[{image!r}])]"
    ),
    "libsvm's text": (
        "import numpy; from sklearn.datasets import load_svmlight_file as load; "
        + _SAVEZ
        + "images=load({file!r}, n_features={pixels}, zero_based=False)[0].toarray())"
    ),
}


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, decompressed if it is a gzip. Raises RefusedError, and OSError."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            yield gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[misc]
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise RefusedError(f"{path}: a damaged gzip") from None


def kind_of(path: Path, dataset: Dataset) -> Kind:
    """Return how a file is read. Raises RefusedError, with the cure, for what others read."""
    with opened(path) as file:
        start = file.read(1 << 10)
    other = _other(start, dataset)
    if other:
        line = _CONVERTED[other].format(
            file=path.name,
            pixels=dataset.shape[0] * dataset.shape[1] * dataset.shape[2],
            image=dataset.layout.image,
            label=dataset.layout.label,
        )
        raise RefusedError(f'{path}: {other}, which is not read here; python -c "{line}"')
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    idx = start[:2] == b"\0\0" and start[2:3] and start[2] in IDX
    records = suffix == ".bin" and dataset.layout.label_bytes
    if idx or records or start.startswith((b"PK", b"\x93NUMPY")):
        return "array"
    return "table" if suffix in TABLES else "picture"


def _other(start: bytes, dataset: Dataset) -> str | None:
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        return "HDF5"
    if start.startswith(b"MATLAB"):
        return "a MATLAB file"
    if start.startswith(b"PAR1"):
        return "Parquet with pictures" if dataset.layout.image else "Parquet"
    return "libsvm's text" if _SPARSE.match(start) else None
