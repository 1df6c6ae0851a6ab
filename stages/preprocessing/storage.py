"""Rows on disk, on their way from table to archive, so that memory does not grow with them."""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from preprocessing.hashing import Digests, image_digests
from preprocessing.held_out import Mask
from shared.dataset import Images, Labels, Split
from shared.files import replacing

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Rows:
    """Rows of a table that has been read: pixels in a scratch file, a few bytes a row in memory.

    Attributes:
        scratch: the file, the table's images one after the other.
        shape: height, width and channels of an image.
        picked: which images of the file these rows have.
        labels: class indices [N].
        digests: what tells images apart [N].
        names: what every row of the table is called, as its line or the file that it came from.
        groups: what must not be in two splits [N], if the dataset has groups.
    """

    scratch: IO[bytes]
    shape: tuple[int, ...]
    picked: Mask
    labels: Labels
    digests: Digests
    names: npt.NDArray[np.generic]
    groups: npt.NDArray[np.object_] | None = None

    def where(self, mask: Mask) -> "Rows":
        """Return the rows that the mask [N] picks, in the same order."""
        picked = self.picked.copy()
        picked[self.picked] = mask
        groups = None if self.groups is None else self.groups[mask]
        return replace(
            self,
            picked=picked,
            labels=self.labels[mask],
            digests=self.digests[mask],
            groups=groups,
        )

    @property
    def row_names(self) -> npt.NDArray[np.generic]:
        """What these rows are called [N]."""
        return self.names[self.picked]

    def images(self) -> Iterator[Images]:
        """Yield the images, a chunk at a time."""
        self.scratch.seek(0)
        size = int(np.prod(self.shape))
        step = max(1, _CHUNK_BYTES // size)
        for start in range(0, self.picked.size, step):
            picked = self.picked[start : start + step]
            chunk = np.frombuffer(self.scratch.read(picked.size * size), np.uint8)
            yield chunk.reshape(-1, *self.shape)[picked]


def store(
    chunks: Iterable[Split],
    scratch: IO[bytes],
    names: int | npt.NDArray[np.generic] = 1,
    groups: npt.NDArray[np.object_] | None = None,
) -> Rows:
    """Read all chunks of a table, of which there must be one, into the open, empty file.

    `names` are the rows' own, or the line of the first.
    """
    labels, digests = [], []
    for chunk in chunks:
        scratch.write(chunk.images.tobytes())
        labels.append(chunk.labels)
        digests.append(image_digests(chunk.images))
    all_labels = np.concatenate(labels)
    everything = np.ones(all_labels.size, np.bool_)
    if isinstance(names, int):
        names = np.arange(names, names + all_labels.size)
    shape = chunk.images.shape[1:]
    return Rows(scratch, shape, everything, all_labels, np.concatenate(digests), names, groups)


def write_split(path: Path, rows: Rows) -> None:
    """Write the npz that `shared.dataset.open_split` maps: the same bytes for the same rows."""
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        shape = (rows.labels.size, *rows.shape)
        with _member(archive, "images", shape, np.dtype(np.uint8)) as member:
            for images in rows.images():
                member.write(images.tobytes())
        with _member(archive, "labels", rows.labels.shape, rows.labels.dtype) as member:
            member.write(rows.labels.tobytes())


@contextmanager
def _member(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], dtype: np.dtype
) -> Iterator[IO[bytes]]:
    """Open an array of the npz to write its elements to, in C order."""
    info = zipfile.ZipInfo(f"{name}.npy")  # with no date but zip's first
    info.create_system = 3  # Unix, wherever it is written
    info.file_size = int(np.prod(shape)) * dtype.itemsize  # large ones need another header
    descr = np.lib.format.dtype_to_descr(dtype)
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    with archive.open(info, "w") as member:
        np.lib.format.write_array_header_1_0(member, header)
        yield member
