"""The reader of a table that download left as arrays: images, labels, and where each came from."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from preprocessing.faults import TableFaults
from shared.console import StageError
from shared.dataset import Dataset, Split
from shared.idx import INTEGERS, read_idx

_CHUNK_BYTES = 1 << 20


def read_arrays(folder: Path, dataset: Dataset) -> Iterator[Split]:
    """Yield the images, put right, and labels of a folder's IDX files, in chunks of whole rows."""
    images, labels = read_idx(folder / "images.idx"), read_idx(folder / "labels.idx", INTEGERS)
    sources = read_sources(folder)["source"]
    if images.shape != (len(sources), *dataset.stored_shape) or labels.shape != sources.shape:
        raise StageError(
            f"{folder}: images.idx, labels.idx and sources.csv do not fit each other; "
            "`dvc repro --force download` writes them anew"
        )
    label_type = np.min_scalar_type(len(dataset.classes) - 1)
    faults = TableFaults(folder)
    step = max(1, _CHUNK_BYTES // dataset.image.pixels)
    for start in range(0, len(images), step):
        chunk = np.array(images[start : start + step])
        pixels = chunk.reshape(len(chunk), -1)
        for place in np.flatnonzero((pixels == pixels[:, :1]).all(axis=1)):
            faults.add_equal(sources[start + place])
        yield Split(dataset.put_right(chunk), labels[start : start + step].astype(label_type))
    faults.warn()


def read_sources(folder: Path) -> dict[str, npt.NDArray[np.object_]]:
    """Return the columns of sources.csv: `source`, and `group` where rows have one."""
    with (folder / "sources.csv").open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    columns = np.array(rows, object).reshape(-1, len(names))
    return dict(zip(names, columns.T, strict=True))
