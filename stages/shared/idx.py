"""MNIST's own file format, IDX.

An IDX file is two zero bytes, the type of its values (8: unsigned byte; 12: 32-bit integer), the
number of dimensions, each dimension as a big-endian 32-bit integer, and the values, big-endian too,
the last dimension the fastest (http://yann.lecun.com/exdb/mnist/).
"""

from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from shared.console import StageError

UNSIGNED_BYTES = 8
INTEGERS = 12
_TYPES: dict[int, np.dtype[Any]] = {UNSIGNED_BYTES: np.dtype(np.uint8), INTEGERS: np.dtype(">i4")}
_NAMES = {UNSIGNED_BYTES: "unsigned bytes", INTEGERS: "32-bit integers"}


def read_idx(path: Path, kind: int = UNSIGNED_BYTES) -> npt.NDArray[Any]:
    """Return the values of an IDX file of this kind, mapped into memory.

    Raises StageError for any other file, and for one shorter or longer than its dimensions say.
    """
    place = f"{path.name}: not an IDX file of {_NAMES[kind]}"
    try:
        content: npt.NDArray[np.uint8] = np.memmap(path, np.uint8, mode="r")
        start = 4 + 4 * int(content[3])
        shape = content[4:start].view(">u4")
        values: npt.NDArray[Any] = content[start:].view(_TYPES[kind]).reshape(shape)
    except (ValueError, IndexError) as error:
        raise StageError(f"{place}: {error}") from None
    if content[:3].tolist() != [0, 0, kind]:
        raise StageError(f"{place}: its type is another one")
    return values


class IdxWriter:
    """Writes values of one kind to a new file, chunk after chunk [n, ...] of the same shape."""

    def __init__(self, path: Path, kind: int) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._kind = kind
        self._shape: tuple[int, ...] | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write how many there are, and close the file."""
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def write(self, values: npt.NDArray[np.generic]) -> None:
        """Append values [n, ...]."""
        if self._shape is None:
            self._shape = values.shape[1:]
            self._write_header()
        self._count += len(values)
        self._file.write(values.astype(_TYPES[self._kind], copy=False).tobytes())

    def _write_header(self) -> None:
        sizes = np.array([self._count, *(self._shape or ())], ">u4")
        self._file.write(bytes([0, 0, self._kind, sizes.size]) + sizes.tobytes())
