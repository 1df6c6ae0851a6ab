"""The stage as a whole: tables in, archives, counts and a plot out, or an error and nothing."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import preprocess
from downloading.forms.form import Rows
from downloading.idx import write_csv
from downloading.own import write_rows
from shared.console import StageError
from shared.dataset import TABLE, Images, Labels, load_dataset, open_split
from shared.files import sha256

ROOT = Path(__file__).parent.parent
OUTS = [
    preprocess.TRAIN,
    preprocess.VALIDATION,
    preprocess.TEST,
    preprocess.REPEATS,
    preprocess.METRICS,
    preprocess.CLASSES,
    preprocess.CLASS_IMAGES,
]
PARAMS = {"validation_size": 20, "split": "stratified", "seed": 0, "on_overlap": "allow"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lay_out(
    train: tuple[Images, Labels],
    test: tuple[Images, Labels],
    params: dict[str, Any] = PARAMS,
    *,
    layout: dict[str, Any] | None = None,
) -> None:
    """Write what the stage reads: tables, their description, and parameters (JSON is YAML)."""
    for folder, table in ((preprocess.TRAIN_TABLE, train), (preprocess.TEST_TABLE, test)):
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(*table, "first", folder / TABLE)
    _, height, width, channels = train[0].shape
    dataset = {
        **dict.fromkeys(("name", "title", "provenance", "homepage", "licence"), "test"),
        "image": {"height": height, "width": width, "channels": channels},
        "label": "first",
        "classes": {str(digit): f"class {digit}" for digit in range(10)},
        "train": {"rows": len(train[1]), "sha256": "0" * 64},
        "test": {"rows": len(test[1]), "sha256": "0" * 64},
        **(layout or {}),
    }
    preprocess.DATASET.write_text(json.dumps(dataset), encoding="utf-8")
    Path("params.yaml").write_text(json.dumps({"preprocess": params}), encoding="utf-8")


def digits(rows: int, seed: int) -> tuple[Images, Labels]:
    """Random images, rows of all ten classes in turn."""
    images = np.random.default_rng(seed).integers(0, 256, (rows, 5, 4, 1), np.uint8)
    return images, np.arange(rows).astype(np.uint8) % np.uint8(10)


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_every_row_is_in_one_split_in_the_order_of_the_table(project: Path) -> None:
    (images, labels), test = digits(200, 0), digits(30, 1)
    lay_out((images, labels), test)
    preprocess.main()
    train, validation = open_split(preprocess.TRAIN), open_split(preprocess.VALIDATION)
    position = {image.tobytes(): row for row, image in enumerate(images)}
    rows = [[position[image.tobytes()] for image in split.images] for split in (train, validation)]
    assert rows == [sorted(rows[0]), sorted(rows[1])]
    assert sorted(rows[0] + rows[1]) == list(range(200))
    np.testing.assert_array_equal(train.labels, labels[rows[0]])
    assert np.bincount(validation.labels).tolist() == [2] * 10
    np.testing.assert_array_equal(open_split(preprocess.TEST).images, test[0])
    np.testing.assert_array_equal(open_split(preprocess.TEST).labels, test[1])


def test_of_one_table_every_class_is_drawn_for_testing(project: Path) -> None:
    images, labels = digits(200, 0)
    lay_out((images, labels), digits(1, 1), layout={"test": {"rows": 30, "seed": 0}})
    preprocess.main()
    splits = [
        open_split(path) for path in (preprocess.TRAIN, preprocess.VALIDATION, preprocess.TEST)
    ]
    assert [np.bincount(split.labels).tolist() for split in splits] == [
        [15] * 10,
        [2] * 10,
        [3] * 10,
    ]
    together = np.concatenate([split.images for split in splits])
    assert sorted(image.tobytes() for image in together) == sorted(map(np.ndarray.tobytes, images))


def test_tail_holds_out_the_end_of_the_table(project: Path) -> None:
    images, labels = digits(200, 0)
    lay_out((images, labels), digits(30, 1), PARAMS | {"split": "tail"})
    preprocess.main()
    np.testing.assert_array_equal(open_split(preprocess.TRAIN).images, images[:180])
    np.testing.assert_array_equal(open_split(preprocess.VALIDATION).images, images[180:])


def repeated() -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
    """Tables whose last 20 rows are for validation, with images that occur more than once."""
    (images, labels), (test_images, test_labels) = digits(200, 0), digits(30, 1)
    images[7] = images[3]  # a duplicate in train
    images[199] = images[5]  # in train and validation
    test_images[:3] = images[3]  # in train and test, three rows
    test_images[9] = images[198]  # in validation and test
    test_images[8] = np.roll(images[6], 1, axis=1)  # shifted, in train and test
    return (images, labels), (test_images, test_labels)


def read_counts() -> dict[str, int]:
    """The counts that are not 0."""
    counts: dict[str, int] = json.loads(preprocess.METRICS.read_text(encoding="utf-8"))
    return {name: count for name, count in counts.items() if count}


REPEATED = {
    "train_duplicates": 1,
    "train_validation_overlap": 1,
    "train_test_overlap": 3,
    "train_test_near_overlap": 1,
    "validation_test_overlap": 1,
    "test_duplicates": 2,
}


def test_counts_rows_and_repeated_images_and_names_them(project: Path) -> None:
    lay_out(*repeated(), PARAMS | {"split": "tail"})
    preprocess.main()
    rows = {"train_rows": 180, "validation_rows": 20, "test_rows": 30}
    assert read_counts() == rows | REPEATED
    assert preprocess.REPEATS.read_bytes().decode().splitlines() == [
        "kind,split,row,label,of_split,of_row,of_label",
        "exact,train,8,class 7,train,4,class 3",
        "exact,validation,200,class 9,train,6,class 5",
        "exact,test,1,class 0,train,4,class 3",
        "exact,test,2,class 1,train,4,class 3",
        "exact,test,3,class 2,train,4,class 3",
        "shifted,test,9,class 8,train,7,class 6",
        "exact,test,10,class 9,validation,199,class 8",
        "exact,test,2,class 1,test,1,class 0",
        "exact,test,3,class 2,test,1,class 0",
    ]
    plot = preprocess.CLASSES.read_bytes().decode().split("\n")
    assert plot[:2] == ["class,split,rows", "class 0,train,18"]
    assert plot[-2:] == ["class 9,test,3", ""]
    assert preprocess.CLASS_IMAGES.read_bytes().startswith(b"\x89PNG")


def test_a_header_counts_among_the_rows(project: Path) -> None:
    lay_out(*repeated(), PARAMS | {"split": "tail", "on_overlap": "fail"}, layout={"header": True})
    header = ",".join(["label", *(f"pixel{place}" for place in range(20))])
    for table in (preprocess.TRAIN_TABLE, preprocess.TEST_TABLE):
        path = table / TABLE
        path.write_text(f"{header}\n{path.read_text()}")
    with pytest.raises(StageError, match="  row 201 of validation is row 7 of train\n"):
        preprocess.main()


def test_arrays_are_read_as_the_same_table_is_and_name_their_sources(project: Path) -> None:
    tables = repeated()
    layout = {"transposed": True, "inverted": True}
    lay_out(*tables, PARAMS | {"split": "tail"}, layout=layout)
    preprocess.main()
    splits = [path.read_bytes() for path in OUTS[:3]]
    for folder, (images, labels) in zip(
        (preprocess.TRAIN_TABLE, preprocess.TEST_TABLE), tables, strict=True
    ):
        (folder / TABLE).unlink()
        stored = images.reshape(-1, 4, 5, 1)  # transposed, as the entry says
        texts, names = [f"{label}" for label in labels], [f"{n}.png" for n in range(len(labels))]
        chunks = (slice(0, 20), slice(20, None))
        rows = (Rows(stored[part], texts[part], names[part]) for part in chunks)
        write_rows(rows, load_dataset(preprocess.DATASET), folder)
    preprocess.main()
    assert [path.read_bytes() for path in OUTS[:3]] == splits
    repeats = preprocess.REPEATS.read_text(encoding="utf-8").splitlines()
    assert "exact,train,7.png,class 7,train,3.png,class 3" in repeats


def test_a_group_is_in_one_split_alone_where_both_are_drawn(project: Path) -> None:
    images, labels = digits(400, 0)
    lay_out((images, labels), digits(1, 1), layout={"test": {"rows": 80, "seed": 0}})
    (preprocess.TRAIN_TABLE / TABLE).unlink()
    names = [f"{row}" for row in range(400)]
    writers = [f"writer {row // 20}" for row in range(400)]
    rows = Rows(images, [f"{label}" for label in labels], names, writers)
    write_rows([rows], load_dataset(preprocess.DATASET), preprocess.TRAIN_TABLE)
    preprocess.main()
    counts = json.loads(preprocess.METRICS.read_text(encoding="utf-8"))
    overlaps = [count for name, count in counts.items() if name.endswith("group_overlap")]
    assert overlaps == [0, 0, 0]
    assert (counts["test_rows"], counts["validation_rows"]) == (80, 20)


def test_what_is_odd_in_the_levels_of_either_table_is_told(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train, test = digits(200, 0), digits(30, 1)
    train[0][:, :, [0, -1]] = 255
    train[0][:, 2, 2] = 0
    lay_out(train, (test[0] // 64, test[1]))
    preprocess.main()
    dark, few = caplog.messages[:2]
    assert dark.startswith("data/raw/train: most images are dark on light")
    assert few.startswith("data/raw/test: the pixels are from 0 to 3")


def test_an_overlap_can_be_dropped_from_all_but_the_test_split(project: Path) -> None:
    (images, labels), test = repeated()
    lay_out((images, labels), test, PARAMS | {"split": "tail", "on_overlap": "drop"})
    preprocess.main()
    rows = {"train_rows": 177, "validation_rows": 19, "test_rows": 30}
    assert read_counts() == rows | {"train_dropped": 3, "validation_dropped": 1} | REPEATED
    kept = np.delete(np.arange(200), [3, 5, 7, 198])
    splits = open_split(preprocess.TRAIN), open_split(preprocess.VALIDATION)
    np.testing.assert_array_equal(np.concatenate([split.images for split in splits]), images[kept])
    np.testing.assert_array_equal(np.concatenate([split.labels for split in splits]), labels[kept])
    np.testing.assert_array_equal(open_split(preprocess.TEST).images, test[0])


def test_an_overlap_can_be_refused_and_leaves_nothing(project: Path) -> None:
    lay_out(*repeated(), PARAMS | {"split": "tail", "on_overlap": "fail"})
    before = files(project)
    with pytest.raises(StageError, match="row 200 of validation is row 6 of train"):
        preprocess.main()
    assert files(project) == before


def test_a_second_run_writes_the_same_bytes_and_another_seed_does_not(project: Path) -> None:
    def written(seed: int) -> list[str]:
        lay_out(digits(200, 0), digits(30, 1), PARAMS | {"seed": seed})
        preprocess.main()
        return [sha256(path) for path in OUTS]

    first = written(0)
    assert written(0) == first
    assert written(1)[:2] != first[:2]


@pytest.mark.parametrize("folder", [preprocess.TRAIN_TABLE, preprocess.TEST_TABLE])
def test_a_bad_table_leaves_nothing(project: Path, folder: Path) -> None:
    lay_out(digits(200, 0), digits(30, 1))
    table = folder / TABLE
    lines = table.read_bytes().splitlines(keepends=True)
    lines[28] = lines[28].replace(b"\n", b"0000\n")
    table.write_bytes(b"".join(lines))
    before = files(project)
    with pytest.raises(
        StageError, match=f"^{table}:29: column 21: '?[0-9]+'? is not a pixel value"
    ):
        preprocess.main()
    assert files(project) == before


@pytest.mark.parametrize("split", ["stratified", "tail"])
def test_a_class_without_a_row_to_train_on_leaves_nothing(project: Path, split: str) -> None:
    images, labels = digits(200, 0)
    labels[labels == 3] = 4
    if split == "tail":
        labels[-9:] = 3
    lay_out((images, labels), digits(30, 1), PARAMS | {"split": split})
    before = files(project)
    with pytest.raises(StageError, match=r"^data/raw/train: no row to train on is of class 'cla"):
        preprocess.main()
    assert files(project) == before


def test_a_size_that_leaves_no_training_rows_leaves_nothing(project: Path) -> None:
    lay_out(digits(200, 0), digits(30, 1), PARAMS | {"validation_size": 200})
    before = files(project)
    with pytest.raises(StageError, match=r"^params.yaml: preprocess.validation_size: 200 leaves"):
        preprocess.main()
    assert files(project) == before


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("validation_size", 0),
        ("validation_size", 1.5),
        ("split", "random"),
        ("seed", -1),
        ("seed", 2**32),
        ("on_overlap", "drop-test"),
        ("shuffle", True),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_name(
    project: Path, parameter: str, value: object
) -> None:
    lay_out(digits(200, 0), digits(30, 1), PARAMS | {parameter: value})
    with pytest.raises(StageError, match=f"^params.yaml: preprocess.{parameter}: "):
        preprocess.main()


# What a user or a notebook's kernel may have set.
SETTINGS = {
    "LC_ALL": "C",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
    "PYTHONUTF8": "0",
    "TZ": "Pacific/Kiritimati",
}
MATPLOTLIBRC = "savefig.dpi: 200\nsavefig.facecolor: red\ntext.usetex: True\n"


def run_script(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "stages/preprocess.py"],
        env={**os.environ, **environment},
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_user_s_settings_change_no_byte(project: Path) -> None:
    names = {str(digit): f"№ {digit}" for digit in range(10)}
    lay_out(digits(200, 0), digits(30, 1), layout={"classes": names})
    preprocess.main()
    written = [sha256(path) for path in OUTS]
    Path("matplotlibrc").write_text(MATPLOTLIBRC)
    done = run_script(**SETTINGS)
    assert [sha256(path) for path in OUTS] == written
    assert "train rows 180, validation rows 20, test rows 30" in done.stderr


def test_the_script_says_what_is_wrong(project: Path) -> None:
    lay_out(digits(200, 0), digits(30, 1))
    table = preprocess.TRAIN_TABLE / TABLE
    table.write_bytes(table.read_bytes().replace(b"\n", b"\n\n", 2))
    failed = run_script()
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"error: {table}:2: column 1: a blank line; expected")
    assert f"\n{table}:4: column 1: a blank line; expected" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_mnist_comes_out_as_its_idx_files_have_it(project: Path, mnist_folder: Path) -> None:
    def unpacked(name: str, offset: int) -> Labels:
        packed = (mnist_folder / f"{name}-ubyte.gz").read_bytes()
        return np.frombuffer(gzip.decompress(packed), np.uint8, offset=offset)

    (images, labels), (test_images, test_labels) = (
        (
            unpacked(f"{part}-images-idx3", 16).reshape(-1, 28, 28, 1),
            unpacked(f"{part}-labels-idx1", 8),
        )
        for part in ("train", "t10k")
    )
    params = {"validation_size": 500, "split": "tail"}
    lay_out((images, labels), (test_images, test_labels), PARAMS | params)
    preprocess.main()
    train, validation = open_split(preprocess.TRAIN), open_split(preprocess.VALIDATION)
    np.testing.assert_array_equal(train.images, images[:-500])
    np.testing.assert_array_equal(train.labels, labels[:-500])
    np.testing.assert_array_equal(validation.images, images[-500:])
    np.testing.assert_array_equal(open_split(preprocess.TEST).images, test_images)
    np.testing.assert_array_equal(open_split(preprocess.TEST).labels, test_labels)
    assert read_counts() == {
        "train_rows": 59_500,
        "validation_rows": 500,
        "test_rows": 10_000,
    }, "no image occurs twice, or shifted"
