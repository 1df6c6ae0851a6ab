r"""The reader of a table of labelled pixels: a CSV, one image a row, laid out as its entry says.

A row is `5,0,0,18,…\n`: label and pixels (0 to 255) as plain numbers. What is not exactly so is
refused with its place, and nothing is repaired.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from preprocessing.faults import TableFaults
from preprocessing.fields import RowError, longest_line
from preprocessing.header import read_start
from preprocessing.layout import Layout
from shared.console import StageError, log
from shared.dataset import Dataset, Split

_BLOCK_BYTES = 1 << 18  # what is computed from so many stays in a core's cache


def read_table(path: Path, dataset: Dataset, rows: int) -> Iterator[Split]:
    """Yield the table in chunks of whole rows, so that memory does not grow with it.

    Raises StageError for a missing file, for a number of rows other than `rows`, and for a table
    that is not as it must be: with the place of everything that is wrong, `t.csv:1207: column 13:
    …`, or of the first 20 such and the number of the rest. Rows whose pixels are all equal get a
    warning, and so does a last row without its newline.
    """
    faults = TableFaults(path)
    _keep_freed_memory()
    try:
        with path.open("rb") as file:
            start = read_start(file, dataset)
            if start.error:
                faults.add_fault(1, start.error)
            first = line = 2 if start.header else 1
            layout = Layout(dataset, start.label_column)
            for block in _blocks(file, path, longest_line(layout.columns)):
                split = _parse(layout, block, line, faults)
                if faults.refusal:
                    line += block.count(b"\n")
                else:
                    line += len(split.labels)
                    yield split
    except FileNotFoundError:
        raise StageError(f"{path}: no such file; `dvc repro download` makes it") from None
    except RowError as error:  # in the first line, and no other can be read
        faults.add_fault(1, error)
    if faults.refusal:
        raise faults.refusal
    faults.warn()
    if line - first != rows:
        found = f"the table has {line - first} rows" if line > first else "the file is empty"
        last = min(line, first + rows)
        raise StageError(f"{path}:{last}: column 1: {found}; expected {rows} rows")


def _blocks(file: IO[bytes], path: Path, longest: int) -> Iterator[bytes]:
    """Yield the rest of the file as blocks of whole lines, the last one ended too.

    Of a line of more than the `longest` bytes comes no more than shows that it is.
    """
    while block := file.read(_BLOCK_BYTES):
        block += file.readline(longest + 1)
        if not block.endswith(b"\n"):
            rest = file.readline(longest)
            if not rest:
                log.warning("%s: the last row has no newline, and may have lost its end", path)
            while rest and not rest.endswith(b"\n"):
                rest = file.readline(longest)
            block += b"\n"
        yield block


def _parse(layout: Layout, block: bytes, line: int, faults: TableFaults) -> Split:
    """Read lines, from `line` on, at once or, where one needs it, each by itself."""
    split = layout.parse_fast(block) or _parse_each(layout, block, line, faults)
    pixels = split.images.reshape(-1, layout.columns - 1)
    for place in np.flatnonzero((pixels == pixels[:, :1]).all(axis=1)):
        faults.add_equal(line + int(place))
    return split


def _parse_each(layout: Layout, block: bytes, line: int, faults: TableFaults) -> Split:
    """Read the lines that are rows; `faults` gets what is wrong with the others."""
    labels, images = [], []
    for number, text in enumerate(block.split(b"\n")[:-1], line):
        try:
            label, pixels = layout.parse(text)
        except RowError as error:
            faults.add_fault(number, error)
        else:
            labels.append(label)
            images.append(pixels)
    return layout.to_split(np.array(images, np.uint8), labels)


def _keep_freed_memory() -> None:
    """Have glibc keep what arrays free, instead of returning it to the system after every block.

    It keeps twice what the largest array freed so far took, and getting memory back from the
    system, page by page, would take longer than reading the table.
    """
    np.empty(1 << 24, np.uint8)
