"""The catalog's entries are whole, and a mistake in one is named by its place."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from check_catalog import check_catalog
from downloading.catalog import entry_names, load_entry
from downloading.forms.form import Form
from downloading.sources import Upstream
from shared.console import StageError

CATALOG = Path(__file__).parents[1] / "datasets"
NAMES = entry_names(CATALOG)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    for name in ("mnist", "mnist-5k"):
        shutil.copytree(CATALOG / name, tmp_path / name)
    return tmp_path


def edit(catalog: Path, **changes: object) -> None:
    path = catalog / "mnist/entry.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_is_valid(name: str) -> None:
    entry = load_entry(CATALOG, name)
    assert entry.name == name
    assert entry.licence
    assert entry.provenance
    assert entry.homepage.startswith("http") or isinstance(entry.source, Form)


def test_datasets_that_the_readme_names_are_there() -> None:
    assert {"mnist-5k", "mnist", "fashion-mnist"} <= set(NAMES)


@pytest.mark.parametrize("name", ["minst", "", "../datasets/mnist", "mnist.yaml"])
def test_unknown_dataset_is_refused_with_the_known_ones(catalog: Path, name: str) -> None:
    with pytest.raises(StageError, match=r"download.dataset: .* known are mnist, mnist-5k$"):
        load_entry(catalog, name)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"license": "MIT"}, r"mnist/entry.yaml:\d+: license: unknown name"),
        ({"train": {"rows": 0, "sha256": "f" * 64}}, r": train.rows: must be greater than 0"),
        ({"train": {"rows": 1, "sha256": "F" * 63}}, r": train.sha256: .*pattern"),
        ({"classes": {"0": "zero"}}, r": classes: "),
        ({"source": {"kind": "torrent"}}, r": source: "),
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


def files(**forms: object) -> dict[str, object]:
    mirrors = [{"form": form, "location": "somewhere"} for form in forms]
    return {"kind": "mirrors", "mirrors": mirrors, **forms}


IDX = {"images": {"name": "i"}, "labels": {"name": "l"}}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (files(csv={"train": "t.csv"}), "source: has no test table"),
        (
            files(csv={"train": "t.csv", "test": "t"}, idx={"train": IDX}),
            "source: one form has a test",
        ),
        (
            files(csv={"train": "t", "test": "./t.gz"}),
            "source: csv: names t, with .gz or without, m",
        ),
        (files(idx={"train": IDX, "test": IDX}), "source: idx: names i, with .gz or without, more"),
        (files(csv={"train": "../t.csv", "test": "t"}), "source.csv.train: must be a path below"),
        (files(csv={"train": "/t.csv", "test": "t"}), "source.csv.train: must be a path below"),
        (files(csv={"train": "a\\b", "test": "t"}), "source.csv.train: must be a path below"),
        (files(csv={"train": "", "test": "t"}), "source.csv.train: "),
    ],
)
def test_source_that_cannot_be_is_refused(
    catalog: Path, source: dict[str, object], said: str
) -> None:
    edit(catalog, source=source)
    with pytest.raises(StageError, match=rf"mnist/entry.yaml:\d+: {said}"):
        load_entry(catalog, "mnist")


def test_one_table_is_enough_where_the_test_set_is_drawn(catalog: Path) -> None:
    draw = {"rows": 10, "seed": 0}
    edit(catalog, source=files(csv={"train": "t.csv.gz"}), draw_test=draw)
    entry = load_entry(catalog, "mnist")
    assert isinstance(entry.source, Upstream)
    edition = entry.source.editions(entry.train, entry.test)["csv"]
    assert [file.name for file in edition.train] == ["t.csv.gz"]
    assert edition.test == ()


MISTAKEN = """\
title: Insects
label: first
image:
  height: 28
  widht: 28
  channels: 2
classes: [ant, bee]
source:
  kind: mirrors
  mirrors:
    - {form: csv, location: somewhere}
    - form: csv
      torrent: elsewhere
  csv: {train: a.csv, test: b.csv}
licence: CC0
"""


def test_every_mistake_of_every_entry_is_told_with_its_line(tmp_path: Path) -> None:
    for name, text in (("a", MISTAKEN), ("b", "title: [")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "entry.yaml").write_text(text)
    shutil.copytree(CATALOG / "mnist", tmp_path / "mnist")
    with pytest.raises(StageError) as error:
        check_catalog(tmp_path)
    lines = str(error.value).replace(f"{tmp_path}/", "").splitlines()
    assert sorted(lines[:8]) == [
        "a/entry.yaml:12: source.mirrors.1.location: missing",
        "a/entry.yaml:13: source.mirrors.1.torrent: unknown name",
        "a/entry.yaml:1: homepage: missing",
        "a/entry.yaml:1: provenance: missing",
        "a/entry.yaml:3: image.width: missing",
        "a/entry.yaml:5: image.widht: unknown name",
        "a/entry.yaml:6: image.channels: must be 1 or 3, is 2",
        lines[7],
    ]
    assert lines[7].startswith("b/entry.yaml:1: not valid YAML: ")


ALIASES = "[&a []" + "".join(f", &{b} [{f'*{a}, ' * 9}]" for a, b in pairwise("abcdefghijk")) + "]"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("label: first", "label: first\nlabel: last"), r"3: label: stands twice$"),
        (("[ant, bee]", "{1: ant, 2: bee, 1: wasp}"), r"8: 1: stands twice$"),
        (("title: Insects", "name: insects"), r"2: name: unknown name; it is the folder's$"),
        (("title: Insects", "title: &a [*a]"), r"2: title: must be a valid string, is "),
        (("Insects", "\udce4"), r"2: not UTF-8: invalid continuation byte$"),
        (("Insects", "2024-13-45"), r"2: not valid YAML: month must be in 1..12$"),
        (("height: 28", "height: !!int abc"), r"5: not valid YAML: .*'abc'$"),
        (("height: 28", "height: " + "9" * 5000), r"5: not valid YAML: .*5000 digits.*$"),
        (("Insects", "[" * 500 + "]" * 500), r" not valid YAML: nested too deeply$"),
        (("Insects", ALIASES), r"2: title: must be a valid string, is .{,300}$"),
        (("[ant, bee]", f"{{a: {ALIASES}, b: c}}"), r"8: classes.a: must be a valid .{,300}$"),
    ],
)  # fmt: skip
def test_what_yaml_would_take_in_silence_is_told_with_its_line(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    text = "# Insects.\n" + MISTAKEN.replace(*change)
    (tmp_path / "a").mkdir()
    (tmp_path / "a/entry.yaml").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(StageError, match=rf"(?m)^{tmp_path}/a/entry.yaml:{said}"):
        load_entry(tmp_path, "a")


def test_the_catalog_is_right(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "stage"):
        check_catalog(CATALOG)
    assert caplog.messages == [f"{len(NAMES)} entries, nothing wrong: {', '.join(NAMES)}"]


def test_file_that_is_no_mapping_is_refused(catalog: Path) -> None:
    (catalog / "mnist/entry.yaml").write_text("- a\n")
    with pytest.raises(StageError, match=r"mnist/entry.yaml:1: must be a valid dict"):
        load_entry(catalog, "mnist")


def test_csv_is_checked_by_the_tables_own_checksum() -> None:
    entry = load_entry(CATALOG, "mnist")
    assert isinstance(entry.source, Upstream)
    edition = entry.source.editions(entry.train, entry.test)["csv"]
    assert [file.sha256 for file in edition.train + edition.test] == [
        entry.train.sha256,
        entry.test.sha256,
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label": "digit"}, "mnist/entry.yaml:1: label: 'digit' would be .*header: true"),
        ({"classes": ["a", "b", "a"]}, ": classes: must have every label once"),
        ({"classes": [1, "1"]}, ": classes: must have every label once"),
        ({"classes": {"1": "same", "2": "same"}}, ": classes: must give every class a name"),
        ({"classes": ["a", ["b"]]}, ": classes: must be a valid dictionary, is .'a'"),
        ({"classes": {"1": ["a"], "2": "b"}}, ": classes.1: must be a valid string, is .'a'"),
        ({"title": 2048}, ": title: must be a valid string, is 2048; put it in quotes"),
        (
            {"image": {"height": True, "width": 28, "channels": 1}},
            ": image.height: must be a valid integer, is True",
        ),
        ({"classes": 10}, ": classes: must be a valid dictionary"),
        ({"header": True}, "mnist/entry.yaml:1: header: .*made from IDX"),
        (
            {"draw_test": {"rows": 10, "seed": 0}},
            "mnist/entry.yaml:1: draw_test: the source has a test table of its own",
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


WRITTEN = ["01", "010", "08", "8", "0x1F", "1_0", "1:30", "2024-13-45", "1.50", "yes", "true", "~"]


@pytest.mark.parametrize("as_mapping", [False, True])
def test_labels_and_class_names_are_read_as_they_are_written(
    catalog: Path, as_mapping: bool
) -> None:
    edit(catalog, classes=None)
    path = catalog / "mnist/entry.yaml"
    inner = ", ".join(f"{label}: {label}" if as_mapping else label for label in WRITTEN)
    classes = f"{{{inner}}}" if as_mapping else f"[{inner}]"
    path.write_text(path.read_text().replace("classes: null", f"classes: {classes}"))
    assert load_entry(catalog, "mnist").classes == {label: label for label in WRITTEN}


def test_of_a_persons_own_table_nothing_needs_to_be_known(catalog: Path) -> None:
    edit(catalog, train={}, test={})
    entry = load_entry(catalog, "mnist")
    assert (entry.train.rows, entry.train.sha256) == (None, None)
