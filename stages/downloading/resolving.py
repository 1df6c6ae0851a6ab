"""What a dataset turned out to be, once its tables are there."""

from pathlib import Path

from downloading.catalog import Entry
from downloading.forms.form import Form
from downloading.sources import Known, Package
from shared.console import StageError
from shared.dataset import TABLE, Dataset, Description, Table
from shared.files import sha256
from shared.idx import INTEGERS, read_idx

_BLOCK = 1 << 20
_SHOWN = 30


def resolve(entry: Entry, train: Path, test: Path, place: str) -> Dataset:
    """Return the entry with the rows and SHA-256s of its tables; a drawn test set has no table.

    Raises StageError, with the `place` of the entry, for a table that is not as the entry says.
    """
    return Dataset(
        **entry.model_dump(include=set(Description.model_fields)),
        train=_table(train, entry.train, entry, f"{place}: train"),
        test=entry.draw_test or _table(test, entry.test, entry, f"{place}: test"),
    )


def _table(path: Path, known: Known, entry: Entry, place: str) -> Table:
    table = path / TABLE
    if table.exists():
        digest, rows = sha256(table), _count_lines(table) - entry.header
    else:
        digest = sha256(path / "images.idx", path / "labels.idx")
        rows = len(read_idx(path / "labels.idx", INTEGERS))
    if known.sha256 not in (None, digest):
        raise StageError(
            f"{place}.sha256: is {known.sha256}, but the table made from the entry's source has "
            f"{digest}; {_cure(table, entry)}"
        )
    if known.rows not in (None, rows):
        raise StageError(
            f"{place}.rows: is {known.rows}, but the table has {rows}; {_cure(table, entry)}"
        )
    if rows < 1:
        raise StageError(f"{place}: the table has no rows")
    return Table(rows=rows, sha256=digest)


def _cure(table: Path, entry: Entry) -> str:
    """Return what to do about another table than the entry says, by its first line."""
    columns = entry.image.pixels + 1
    if table.exists():
        with table.open("rb") as file:
            line = file.readline(64 * columns)
        found = line.count(b",") + 1
        if found != columns:
            start = line[:_SHOWN].decode(errors="backslashreplace").strip()
            return (
                f"its first line, {start!r}, has {found} columns between commas, where {columns} "
                "should be: it is another file, or `image` is wrong"
            )
    if isinstance(entry.source, Form):
        return f"if the data is as it should be, `python tools/describe.py --refresh {entry.name}`"
    if isinstance(entry.source, Package):
        return "install the pinned packages: pip install -r requirements.txt"
    return "if it is the one that you mean, correct the entry"


def _count_lines(path: Path) -> int:
    """Return the number of lines, the last one too where it does not end."""
    lines, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            lines, last = lines + block.count(b"\n"), block
    return lines + (not last.endswith(b"\n"))
