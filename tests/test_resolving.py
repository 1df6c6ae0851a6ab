"""What the tables turned out to be is recorded, or refused where the entry says otherwise."""

import hashlib
from pathlib import Path

import pytest

from downloading.catalog import Entry, load_entry
from downloading.resolving import resolve
from shared.console import StageError
from shared.dataset import Dataset, Draw, Table

CATALOG = Path(__file__).parents[1] / "datasets"
NOTHING_KNOWN: dict[str, object] = {"train": {}, "test": {}}


def entry(**changes: object) -> Entry:
    known = load_entry(CATALOG, "mnist")
    return known.model_copy(update=dict(Entry.model_validate({**known.model_dump(), **changes})))


def resolved(folder: Path, entry: Entry, train: bytes, test: bytes = b"1,2\n") -> Dataset:
    for name, table in (("train", train), ("test", test)):
        (folder / name).mkdir()
        (folder / name / "table.csv").write_bytes(table)
    return resolve(entry, folder / "train", folder / "test", "datasets/a/entry.yaml")


@pytest.mark.parametrize(
    ("table", "rows"),
    [(b"1,2\n", 1), (b"1,2", 1), (b"1,2\r\n3,4\r\n", 2), (b"1,2\n" * 10**6, 10**6)],
)
def test_rows_and_checksum_are_what_was_found(tmp_path: Path, table: bytes, rows: int) -> None:
    dataset = resolved(tmp_path, entry(**NOTHING_KNOWN), table)
    assert dataset.train == Table(rows=rows, sha256=hashlib.sha256(table).hexdigest())
    assert dataset.classes["0"] == "0"


def test_a_header_is_no_row(tmp_path: Path) -> None:
    with_header = entry(**NOTHING_KNOWN).model_copy(update={"header": True})
    assert resolved(tmp_path, with_header, b"a,b\n1,2\n", b"a,b\n1,2").train.rows == 1


def test_a_drawn_test_set_has_no_table(tmp_path: Path) -> None:
    draw = Draw(rows=5, seed=1)
    one_table = entry(**NOTHING_KNOWN).model_copy(update={"draw_test": draw})
    dataset = resolved(tmp_path, one_table, b"1,2\n" * 20, b"")
    assert dataset.test == draw
    assert dataset.train_rows == 15


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"sha256": "f" * 64}, "train.sha256: is ffff"),
        ({"rows": 3}, "train.rows: is 3, but the table has 2"),
    ],
)
@pytest.mark.parametrize(
    ("row", "cure"),
    [
        (b"1" + b",2" * 784, "correct the entry"),
        (b"1,2", "its first line, '1,2', has 2 columns between commas, where 785 should be"),
        (b"<html>", "its first line, '<html>', has 1 columns .* another file, or `image` is wrong"),
        (b"PK\3\4\xff,\0", r"its first line, .*, has 2 columns .* another file"),
    ],
)
def test_another_table_than_the_entry_says_is_refused(
    tmp_path: Path, known: dict[str, object], said: str, row: bytes, cure: str
) -> None:
    with pytest.raises(StageError, match=f"^datasets/a/entry.yaml: {said}.*{cure}") as error:
        resolved(tmp_path, entry(train=known, test={}), row + b"\n3,4\n")
    assert ("correct the entry" in str(error.value)) == (cure == "correct the entry")


@pytest.mark.parametrize(("header", "table"), [(False, b""), (True, b"label,p0\n")])
def test_a_table_without_rows_is_refused(tmp_path: Path, header: bool, table: bytes) -> None:
    empty = entry(**NOTHING_KNOWN).model_copy(update={"header": header})
    with pytest.raises(StageError, match=r"^datasets/a/entry.yaml: train: the table has no rows"):
        resolved(tmp_path, empty, table)
