"""The CSV table of the images of IDX files."""

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from shared.console import StageError
from shared.dataset import Description
from shared.idx import read_idx

Bytes = npt.NDArray[np.uint8]

ROWS_AT_ONCE = 200


def write_csv(images: Bytes, labels: Bytes, label: str, path: Path) -> None:
    r"""Write images [N, ...] and labels [N] as rows `label,p0,p1,...\n`, or with the label last.

    The texts of 0 to 255 are looked up, four bytes each, in memory that is used again and again;
    what they are filled up with is then deleted.
    """
    with_comma, with_newline = _texts(","), _texts("\n")
    pixels = images.reshape(len(labels), -1)
    text = bytearray(4 * ROWS_AT_ONCE * (pixels.shape[1] + 1))
    cells = np.frombuffer(text, np.uint32).reshape(ROWS_AT_ONCE, -1)
    with path.open("wb") as file:
        for start in range(0, len(labels), ROWS_AT_ONCE):
            columns = [part[start : start + ROWS_AT_ONCE] for part in (labels, pixels)]
            rows = np.column_stack(columns if label == "first" else columns[::-1])
            count = len(rows)
            np.take(with_comma, rows, out=cells[:count], mode="clip")
            cells[:count, -1] = with_newline[rows[:, -1]]
            cells[count:] = 0
            file.write(text.translate(None, b"\0"))


def write_table(files: list[Path], entry: Description, path: Path) -> None:
    """Make the CSV at `path` of what a mirror gave: the CSV itself, or images and labels as IDX.

    Of no file it becomes an empty one. Raises StageError for files that are not IDX, or do not fit
    each other or the entry: of images of other sides, a table may have as many columns.
    """
    match files:
        case []:
            path.touch()
        case [table]:
            shutil.move(table, path)
        case _:
            images, labels = map(read_idx, files)
            *sides, channels = entry.stored_shape
            shape = tuple(sides) if channels == 1 else entry.stored_shape
            if labels.ndim != 1 or not labels.size or images.shape != (labels.size, *shape):
                raise StageError(
                    f"{files[0].name} is an array of {images.shape}, and {files[1].name} one of "
                    f"{labels.shape}; expected images of {shape}, and a label for each"
                )
            write_csv(images, labels, entry.label, path)


def _texts(end: str) -> npt.NDArray[np.uint32]:
    """Return 0 to 255 as written with `end` after each: four bytes, zeros where it is shorter."""
    return np.frombuffer(
        b"".join(f"{value}{end}".encode().ljust(4, b"\0") for value in range(256)), np.uint32
    )
