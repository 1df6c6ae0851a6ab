"""The catalog's entries are whole, and a mistake in one is named by its place."""

from pathlib import Path

import pytest
import yaml

from downloading.catalog import Upstream, load_entry
from shared.console import StageError

CATALOG = Path(__file__).parents[1] / "datasets"
NAMES = sorted(path.stem for path in CATALOG.glob("*.yaml"))


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    for name in ("mnist", "mnist-5k"):
        (tmp_path / f"{name}.yaml").write_bytes((CATALOG / f"{name}.yaml").read_bytes())
    return tmp_path


def edit(catalog: Path, **changes: object) -> None:
    path = catalog / "mnist.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_is_valid(name: str) -> None:
    entry = load_entry(CATALOG, name)
    assert entry.name == name
    assert entry.licence
    assert entry.provenance
    assert entry.homepage.startswith("http")


def test_datasets_that_the_readme_names_are_there() -> None:
    assert {"mnist-5k", "mnist", "fashion-mnist"} <= set(NAMES)


@pytest.mark.parametrize("name", ["minst", "", "../datasets/mnist", "mnist.yaml"])
def test_unknown_dataset_is_refused_with_the_known_ones(catalog: Path, name: str) -> None:
    with pytest.raises(StageError, match=r"download.dataset: .* known are mnist, mnist-5k$"):
        load_entry(catalog, name)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"license": "MIT"}, r"mnist.yaml: entry.license: unknown name"),
        ({"train": {"rows": 0, "sha256": "f" * 64}}, r"entry.train.rows: must be greater than 0"),
        ({"train": {"rows": 1, "sha256": "F" * 63}}, r"entry.train.sha256: .*pattern"),
        ({"classes": {"0": "zero"}}, r"entry.classes: "),
        ({"source": {"kind": "torrent"}}, r"entry.source: "),
    ],
)
def test_mistake_is_named(catalog: Path, changes: dict[str, object], said: str) -> None:
    edit(catalog, **changes)
    with pytest.raises(StageError, match=said):
        load_entry(catalog, "mnist")


def test_mirror_without_file_names_is_refused(catalog: Path) -> None:
    mirror = {"form": "csv", "location": "http://localhost/"}
    edit(catalog, source={"kind": "mirrors", "mirrors": [mirror]})
    with pytest.raises(StageError, match="http://localhost/ has the form csv: name its files"):
        load_entry(catalog, "mnist")


def test_file_that_is_no_mapping_is_refused(catalog: Path) -> None:
    (catalog / "mnist.yaml").write_text("- a\n")
    with pytest.raises(StageError, match=r"mnist.yaml: entry: must be a valid dict"):
        load_entry(catalog, "mnist")


def test_csv_is_checked_by_the_tables_own_checksum() -> None:
    entry = load_entry(CATALOG, "mnist")
    assert isinstance(entry.source, Upstream)
    edition = entry.source.editions(entry.train, entry.test)["csv"]
    assert [file.sha256 for files in edition for file in files] == [
        entry.train.sha256,
        entry.test.sha256,
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label": "digit"}, "entry: label: 'digit' would be .*header: true"),
        ({"classes": ["a", "b", "a"]}, "entry.classes: must have every label once"),
        ({"classes": {1: "one", "1": "uno"}}, "entry.classes: must have every label once"),
        ({"classes": {"1": "same", "2": "same"}}, "entry.classes: must give every class a name"),
        (
            {"classes": [True, "no"]},
            "entry.classes: must be texts or whole numbers.*True in quotes",
        ),
        ({"classes": 10}, "entry.classes: must be a valid dictionary"),
        ({"header": True}, "entry: header: .*made from IDX"),
        (
            {"draw_test": {"rows": 10, "seed": 0}},
            "entry: draw_test: .*`mirrors` gives a test table",
        ),
    ],
)
def test_layout_that_contradicts_itself_is_refused(
    catalog: Path, changes: dict[str, object], said: str
) -> None:
    edit(catalog, **changes)
    with pytest.raises(StageError, match=said):
        load_entry(catalog, "mnist")


def test_labels_may_have_gaps_start_anywhere_and_be_words(catalog: Path) -> None:
    edit(catalog, classes=[1, 2, 26, "other"])
    assert load_entry(catalog, "mnist").classes == {
        "1": "1",
        "2": "2",
        "26": "26",
        "other": "other",
    }
    edit(catalog, classes={8: "I", 10: 9})
    assert load_entry(catalog, "mnist").classes == {"8": "I", "10": "9"}


def test_of_a_persons_own_table_nothing_needs_to_be_known(catalog: Path) -> None:
    edit(catalog, train={}, test={})
    entry = load_entry(catalog, "mnist")
    assert (entry.train.rows, entry.train.sha256) == (None, None)
