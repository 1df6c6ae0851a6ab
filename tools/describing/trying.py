"""A trial: own files become tables, for a moment, as download and preprocess make them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from describing.preview import draw, first_of_each
from downloading.catalog import Entry
from downloading.files import Files
from downloading.forms.form import Form, Which
from downloading.own import write_own
from downloading.resolving import resolve
from downloading.sources import Known
from preprocessing.arrays import read_arrays
from preprocessing.table import read_table
from shared.dataset import TABLE, Dataset, Split, Table
from shared.files import scratch

_PARTS: tuple[Which, ...] = ("train", "test")


class Trial:
    """The tables in a folder, and what they turned out to be."""

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self._folder, self._dataset = folder, dataset

    @property
    def pins(self) -> Mapping[str, Table]:
        """Rows and SHA-256 of the tables: a test set that is drawn has none."""
        tables = {"train": self._dataset.train, "test": self._dataset.test}
        return {part: table for part, table in tables.items() if isinstance(table, Table)}

    def show(self, picture: Path) -> None:
        """Read the tables to their ends, as preprocess does, and draw the first of each class."""
        found = [first_of_each(self._read(part), len(self._dataset.classes)) for part in self.pins]
        draw(found[0], self._dataset.class_names, picture)

    def _read(self, part: str) -> Iterator[Split]:
        folder = self._folder / part
        if (folder / TABLE).exists():
            return read_table(folder / TABLE, self._dataset, self.pins[part].rows)
        return read_arrays(folder, self._dataset)


@contextmanager
def tried(entry: Entry, source: Form, files: Files, folder: Path) -> Iterator[Trial]:
    """Make the tables in a temporary folder in `folder`. Raises StageError for what is wrong."""
    with scratch(folder / f".{entry.name}.trial") as raw:
        for part in _PARTS:
            (raw / part).mkdir()
            write_own(source, part, files, entry, raw / part)
        unpinned = entry.model_copy(update={"train": Known(), "test": Known()})
        yield Trial(raw, resolve(unpinned, raw / "train", raw / "test", f"{files.place('.')}"))
