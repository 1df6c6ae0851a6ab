"""make new overwrites nothing, pins what it found, gives reasons, and trains with fitting gates."""

import gzip
import io
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

import describe
from conftest import ROOT
from describing import sides
from describing.classes import in_order
from describing.finding import Shape
from describing.parts import part_of_path
from downloading.catalog import load_entry
from shared.console import StageError
from shared.dataset import Draw
from written_layouts import LAYOUTS, coloured, of, pixels, rows_of, save_pictures, scaled, write

CATALOG = Path("datasets")
BROUGHT = Path("brought")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (tmp_path / BROUGHT).mkdir()
    (tmp_path / CATALOG).mkdir()
    monkeypatch.chdir(tmp_path)


def table(name: str, start: int = 0, rows: int = 120) -> Path:
    path = BROUGHT / name
    write(path, ["label", *pixels()], rows_of(*of(start, rows)))
    return path


def test_nothing_is_overwritten() -> None:
    describe.bring(table("t.csv"), None, "mine")
    before = {path: path.stat().st_mtime_ns for path in CATALOG.rglob("*")}
    with pytest.raises(StageError, match="datasets/mine: exists, and is not overwritten"):
        describe.bring(table("u.csv", 200), None, "mine")
    assert {path: path.stat().st_mtime_ns for path in CATALOG.rglob("*")} == before


def test_refresh_pins_changed_data_and_leaves_all_else() -> None:
    describe.bring(table("t.csv"), None, "mine")
    path = CATALOG / "mine/entry.yaml"
    edited = path.read_text().replace("licence: unknown", "licence: CC0  # by me")
    path.write_text(edited)
    write(CATALOG / "mine/data/t.csv", ["label", *pixels()], rows_of(*of(0, 130)))
    describe.refresh("mine")
    assert load_entry(CATALOG, "mine").train.rows == 130
    changed = [line for line in path.read_text().splitlines() if line not in edited.splitlines()]
    assert [line.split(":")[0] for line in changed] == ["train"]


def test_own_data_alone_is_refreshed() -> None:
    (CATALOG / "mnist").mkdir()
    (CATALOG / "mnist/entry.yaml").write_text((ROOT / "datasets/mnist/entry.yaml").read_text())
    with pytest.raises(StageError, match=r"mnist/entry.yaml: source: not of kind own"):
        describe.refresh("mnist")


def test_a_second_file_tests() -> None:
    describe.bring(table("a.csv"), table("b.csv", 200, 40), "mine")
    entry = load_entry(CATALOG, "mine")
    assert (entry.train.rows, entry.test.rows, entry.draw_test) == (120, 40, None)
    assert (CATALOG / "mine/data/test/b.csv").read_bytes() == (BROUGHT / "b.csv").read_bytes()


def test_without_one_the_test_set_is_drawn() -> None:
    describe.bring(table("a.csv"), None, "mine")
    assert load_entry(CATALOG, "mine").draw_test == Draw(rows=24, seed=0)


def test_gates_are_above_what_guessing_reaches() -> None:
    LAYOUTS["imbalanced"](BROUGHT)
    said = describe.bring(BROUGHT, None, "mine")
    assert "always the most frequent one: accuracy 96.9%" in said
    gates = dict(re.findall(r"-S ([\w.]+)=(\S+)", said[-1]))
    assert float(gates["export.minimum_accuracy"]) > 0.97
    assert float(gates["export.minimum_balanced_accuracy"]) > 0.5
    assert gates["train.class_weights"] == "balanced"


def test_guesses_have_reasons() -> None:
    LAYOUTS["extra-columns"](BROUGHT)
    describe.bring(BROUGHT, None, "mine")
    text = (CATALOG / "mine/entry.yaml").read_text()
    assert "  # id: an id, filename: a file's name\n  ignore: [id, filename]\n" in text
    assert "# 784 pixels; neighbours differ in 28×28 by " in text


def test_a_group_is_pointed_out() -> None:
    rows = [[number // 3, *row] for number, row in enumerate(rows_of(*of()))]
    write(BROUGHT / "t.csv", ["patient_id", "label", *pixels()], rows)
    describe.bring(BROUGHT, None, "mine")
    text = (CATALOG / "mine/entry.yaml").read_text()
    assert "they come into one split only\n  group: patient_id\n" in text


def test_all_broken_pictures_are_named_and_nothing_is_left() -> None:
    save_pictures(BROUGHT, *of(0, 30))
    (BROUGHT / "3/bad.png").write_bytes(b"\x89PNG\r\n and no more")
    (BROUGHT / "3/empty.png").touch()
    with pytest.raises(StageError, match=r"brought/3/bad.png.*\n.*brought/3/empty.png"):
        describe.bring(BROUGHT, None, "mine")
    assert list(CATALOG.iterdir()) == []


@pytest.mark.parametrize("shape", [Shape(16, 20, 1), Shape(20, 16, 1), Shape(24, 24, 3)])
@pytest.mark.parametrize("planes", [False, True])
def test_pixels_tell_the_sides(shape: Shape, planes: bool) -> None:
    images, labels = of()
    if shape.channels == 1:
        images = images[:, 4 : 4 + shape.height, 4 : 4 + shape.width, None]
    else:
        images = coloured(scaled(images, 24), labels)
    stored = images.transpose(0, 3, 1, 2) if planes else images
    choice = sides.choose(stored.reshape(len(images), -1).astype(np.float32))
    assert choice.shapes[0] == shape._replace(planes=planes and shape.channels > 1)
    assert choice.clear


def test_numbers_in_labels_count() -> None:
    assert in_order(["10", "9", "x_10", "x_9"]) == ["9", "10", "x_9", "x_10"]


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("csvTrainImages 60k x 784.csv", "train"),
        ("t10k-images-idx3-ubyte", "test"),
        ("fashion-mnist_test.csv", "test"),
        ("mnist.npz/x_train", "train"),
        ("data/valid/cat", "validation"),
        ("PublicTest", "validation"),
        ("PrivateTest", "test"),
        ("latest/cat.csv", None),
    ],
)
def test_names_tell_parts(path: str, part: str | None) -> None:
    assert part_of_path(path) == part


def flipped(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 4
    return bytes(changed)


def as_zip(path: Path) -> bytes:
    with zipfile.ZipFile(BROUGHT / "made.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "t.csv")
    return (BROUGHT / "made.zip").read_bytes()


def as_mat() -> bytes:
    content = io.BytesIO()
    images, labels = of(0, 30)
    savemat(content, {"images": images, "labels": labels}, do_compression=True)
    return content.getvalue()


DAMAGED: dict[str, Callable[[], bytes]] = {
    "sum.csv.gz": lambda: flipped(gzip.compress(table("t.csv").read_bytes()), -6),
    "bits.csv.gz": lambda: flipped(gzip.compress(table("t.csv").read_bytes()), 999),
    "bits.zip": lambda: flipped(as_zip(table("t.csv")), 60),
    "directory.zip": lambda: as_zip(table("t.csv")).replace(b"PK\1\2", b"PK\1\3"),
    "place.zip": lambda: flipped(as_zip(table("t.csv")), -10),
    "cut.zip": lambda: as_zip(table("t.csv"))[:-30],
    "bits.mat": lambda: flipped(as_mat(), 300),
    "cut.mat": lambda: as_mat()[:200],
    "cut.tar": lambda: b"t.csv".ljust(257, b"\0") + b"ustar" + b"\0" * 99,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_in_one_line(name: str) -> None:
    path = BROUGHT / "one" / name
    content = DAMAGED[name]()
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StageError, match=rf"\A(brought/one/)?{name}.*: .+\Z") as error:
        describe.bring(path, None, "mine")
    assert "in a zip" not in str(error.value)
    assert list(CATALOG.iterdir()) == []


def circle() -> None:
    (BROUGHT / "3/up").symlink_to("../..")


def nowhere() -> None:
    (BROUGHT / "3/gone.png").symlink_to("nowhere")


def pipe() -> None:
    os.mkfifo(BROUGHT / "3/pipe.png")


def latin_1() -> None:
    (BROUGHT / "3").rename(os.fsdecode(b"brought/\xe9t\xe9"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (circle, "brought/3/up: a link to a folder that it is in"),
        (nowhere, "brought/3/gone.png: cannot be copied: .*No such file"),
        (pipe, "brought/3/pipe.png: cannot be copied: .*named pipe"),
        (latin_1, r"brought/\\xe9t\\xe9/.*: a name that is not UTF-8; rename it"),
    ],
)
def test_a_folder_that_cannot_be_copied_is_told_in_one_line(
    change: Callable[[], None], said: str
) -> None:
    save_pictures(BROUGHT, *of(0, 30))
    change()
    with pytest.raises(StageError, match=rf"\A{said}.*\Z"):
        describe.bring(BROUGHT, None, "mine")
    assert list(CATALOG.iterdir()) == []


def test_the_project_is_not_copied_into_itself() -> None:
    with pytest.raises(StageError, match="holds datasets/ itself"):
        describe.bring(Path(), None, "mine")


@pytest.mark.parametrize("name", ["2019", "1e5", "0x1f", "true", "null"])
def test_a_name_that_yaml_reads_as_another_value_is_none(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert describe.name_of(Path(f"{name}.zip")) == f"data-{name}"
    monkeypatch.setattr("sys.argv", ["describe.py", str(BROUGHT), "--name", name])
    with pytest.raises(SystemExit):
        describe.parse()
    assert f"--name {name}: params.yaml would read" in capsys.readouterr().err


def test_the_home_of_nobody_is_no_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["describe.py", "~nobody-of-this-name/a.zip"])
    with pytest.raises(SystemExit):
        describe.parse()
    assert "~nobody-of-this-name/a.zip: no such file" in capsys.readouterr().err


def test_a_dataset_is_called_as_its_file() -> None:
    assert describe.name_of(Path("My Pets (2).csv.zip")) == "my-pets-2"


def test_pixels_that_say_nothing_are_taken_for_a_square() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (50, 2352)).astype(np.float32)
    choice = sides.choose(noise)
    assert choice.scrambled
    assert choice.shapes[0][:3] == (28, 28, 3)


def test_outside_the_project_nothing_is_written() -> None:
    Path("params.yaml").unlink()
    with pytest.raises(StageError, match="run from the project's folder"):
        describe.bring(table("t.csv"), None, "mine")
    assert list(CATALOG.iterdir()) == []
