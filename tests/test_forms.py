"""Own data in each form: pixels and labels arrive as they are, or are refused by their place."""

import io
import json
import math
import re
import shutil
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import h5py
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from scipy.io import savemat
from sklearn.datasets import dump_svmlight_file

import download
from check_catalog import check_catalog
from conftest import ROOT
from downloading.files import Files
from downloading.forms.csv_form import CsvForm
from downloading.forms.form import Form
from predicting.dataset import read_dataset
from predicting.predict import read
from shared.console import StageError
from shared.idx import INTEGERS, read_idx

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 3, 4), np.uint8)
COLOURED = np.random.default_rng(1).integers(0, 256, (7, 3, 4, 3), np.uint8)
LABELS = np.array([0, 1, 2, 1, 0, 2, 2], np.uint8)
FLAT = IMAGES.reshape(7, 12)
GREY = {"height": 3, "width": 4, "channels": 1}
COLOUR = GREY | {"channels": 3}

Bring = Callable[..., None]


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bring:
    """Runs download on one's own files, described by a source and more of an entry's keys."""
    monkeypatch.chdir(tmp_path)

    def run(files: dict[str, bytes], source: dict[str, Any], **changes: Any) -> None:
        for name, content in files.items():
            path = Path("datasets/mine/data", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        entry = {
            **dict.fromkeys(("title", "provenance", "homepage", "licence"), "test"),
            "image": GREY,
            "classes": [0, 1, 2],
            "source": {"kind": "own", **source},
            **changes,
        }
        two = source.get("test") or source.get("split", {}).get("test")
        entry |= {} if two else {"draw_test": {"rows": 3, "seed": 0}}
        Path("datasets/mine/entry.yaml").write_text(yaml.safe_dump(entry))
        Path("params.yaml").write_text("download: {dataset: mine}\n")
        download.main()

    return run


def arrived(table: str = "train") -> tuple[list[Any], list[int], list[str]]:
    """Images, class indices and sources, as download wrote them."""
    folder = Path("data/raw", table)
    images, labels = read_idx(folder / "images.idx"), read_idx(folder / "labels.idx", INTEGERS)
    sources = (folder / "sources.csv").read_text(encoding="utf-8").splitlines()
    shown = images[..., 0] if images.shape[-1] == 1 else images
    return shown.tolist(), labels.tolist(), sources[1:]


def table(
    rows: npt.NDArray[Any] = FLAT, separator: str = ",", header: str = "", more: Any = ""
) -> bytes:
    lines = [
        separator.join([str(label), *(f"{value}" for value in row)]) + f"{more}\n"
        for label, row in zip(LABELS, rows.tolist(), strict=True)
    ]
    return (header + "".join(lines)).encode()


NAMED = ",".join(["label", *(f"p{place}" for place in range(12))])
ONE_HOT = np.column_stack([FLAT, np.eye(3, dtype=int)[LABELS]])
NUMBERED = "".join(f"{n},x{n}.png,{line}\n" for n, line in enumerate(table().decode().split()))
IN_ONE = "".join(
    f"{label},{' '.join(map(str, row))},{'Test' if n > 4 else 'Training'}\n"
    for n, (label, row) in enumerate(zip(LABELS, FLAT.tolist(), strict=True))
)  # fmt: skip

TABLES: dict[str, tuple[bytes | str, dict[str, Any], dict[str, Any]]] = {
    "semicolons": (table(separator=";"), {"separator": ";"}, {}),
    "tabs": (table(separator="\t"), {"separator": "\t"}, {}),
    "blanks": (table(separator="  ", more=" "), {"separator": " "}, {}),
    "excel": (
        b"\xef\xbb\xbf" + table(separator=";").replace(b"\n", b"\r\n"),
        {"separator": ";"},
        {},
    ),
    "floats": (table(FLAT / 255), {"range": [0, 1]}, {}),
    "inverted": (table(1 - FLAT / 255), {"range": [1, 0]}, {}),
    "whole-floats": (table(FLAT.astype(float), ";"), {"separator": ";"}, {}),
    "ignored": (
        f",file,{NAMED}\n{NUMBERED}",
        {"ignore": ["", 2]},
        {"header": True, "label": "label"},
    ),
    "one-hot": (
        "".join(",".join(map(str, row)) + "\n" for row in ONE_HOT.tolist()),
        {"one_hot": 3},
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_text(bring: Bring, name: str) -> None:
    text, source, changes = TABLES[name]
    content = text if isinstance(text, bytes) else text.encode()
    bring({"t.csv": content}, {"form": "csv", "train": "t.csv", **source}, **changes)
    images, labels, sources = arrived()
    assert images == IMAGES.tolist()
    assert labels == LABELS.tolist()
    assert sources[0] == ("t.csv:2" if changes else "t.csv:1")


def test_pixels_in_one_column_and_a_column_of_splits(bring: Bring) -> None:
    split = {"column": "usage", "train": ["Training"], "test": ["Test"]}
    source = {"form": "csv", "train": "f.csv", "pixels": "pixels", "split": split}
    text = f"emotion,pixels,usage\n{IN_ONE}".encode()
    bring({"f.csv": text}, source, header=True, label="emotion")
    assert arrived()[:2] == (IMAGES[:5].tolist(), LABELS[:5].tolist())
    assert arrived("test") == (IMAGES[5:].tolist(), LABELS[5:].tolist(), ["f.csv:7", "f.csv:8"])


def test_labels_beside_shards_and_a_pattern(bring: Bring) -> None:
    lines = [",".join(map(str, row)) + "\n" for row in FLAT.tolist()]
    files = {
        "x-0.csv": "".join(lines[:4]).encode(),
        "x-1.csv": "".join(lines[4:]).encode(),
        "y.csv": "".join(f"{label}\n" for label in LABELS).encode(),
    }
    source = {"form": "csv", "train": "x-*.csv", "labels": {"train": "y.csv"}}
    bring(files, source)
    assert arrived()[:2] == (IMAGES.tolist(), LABELS.tolist())
    assert arrived()[2][4] == "x-1.csv:1"
    with pytest.raises(StageError, match=r"^datasets/mine/data/y.csv: more labels than rows"):
        bring(files | {"y.csv": files["y.csv"] + b"1\n"}, source)
    with pytest.raises(StageError, match=r"^x-1.csv:3: no label in the file of labels"):
        bring(files | {"y.csv": files["y.csv"][:-2]}, source)


def test_planes_and_groups(bring: Bring) -> None:
    planes = np.moveaxis(COLOURED, -1, 1).reshape(7, -1)
    header = ",".join(["label", *(f"p{n}" for n in range(36)), "patient"]) + "\n"
    rows = header.encode() + table(planes, more=",anna")
    source = {"form": "csv", "train": "t.csv", "planes": True, "group": "patient"}
    bring({"t.csv": rows}, source, image=COLOUR, header=True, label="label")
    assert arrived()[:2] == (COLOURED.tolist(), LABELS.tolist())
    assert arrived()[2][0] == "t.csv:2,anna"


def test_a_plain_table_goes_on_as_it_is(bring: Bring) -> None:
    bring({"t.csv": table()}, {"form": "csv", "train": "t.csv"})
    assert Path("data/raw/train/table.csv").read_bytes() == table()
    assert Path("data/raw/test/table.csv").read_bytes() == b""


ROW = b";2" * 12 + b"\n"


@pytest.mark.parametrize(
    ("text", "source", "said"),
    [
        (table(FLAT / 255, ";"), {}, r"^t.csv:1: 0\.\d+ is not a pixel value"),
        (table(separator=";"), {"range": [0, 100]}, r"^t.csv:1: \d\d\d is not a pixel value"),
        (table(separator=";"), {"ignore": [2]}, r"/t.csv: 11 columns are left .*expected 12"),
        (table(separator=";"), {"ignore": ["id"]}, r"/t.csv: no column 'id' among 0, … 12"),
        (table(separator=";") + b"1;2\n", {}, r"/t.csv:8: column 3: nothing is not a number"),
        (table(separator=";") + b"1;x" + ROW[2:], {}, r"/t.csv:8: column 2: 'x' is not a number"),
        (table(separator=";") + b"1;2" + ROW, {}, r"/t.csv: .*line 8, saw 14"),
        (table(separator=";") + b"9" + ROW, {}, r"^t.csv:8: '9' is not a known label\n.* 0, 1, 2"),
        (b"\xff" + table(separator=";"), {}, r"/t.csv: not UTF-8: "),
        (b"", {}, r"/t.csv: No columns to parse"),
        (b"1;1;1" + ROW, {"one_hot": 3}, r"^t.csv:1: not one of the last 3 columns is 1"),
        (table(separator=";"), {"pixels": 2}, r"/t.csv:1: not 12 numbers between blanks"),
        (table(separator=";"), {"train": "s.csv"}, r"/s.csv: no such file; there are t.csv"),
        (table(separator=";"), {"train": "s*.csv"}, r"/s\*.csv: no file fits"),
        (table(separator=";"), {"train": "../entry.yaml"}, r"/../entry.yaml: no such file"),
        (table(separator=";"), {"train": f"{ROOT}/LICENSE"}, r"/LICENSE: no such file"),
        (table(separator=";"), {"range": [0, math.inf]}, r"range.1: must be a finite number"),
        (table(separator=";"), {"ignore": [True]}, r"ignore.0.int: must be a valid integer"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    bring: Bring, text: bytes, source: dict[str, Any], said: str
) -> None:
    with pytest.raises(StageError, match=said):
        bring({"t.csv": text}, {"form": "csv", "train": "t.csv", "separator": ";", **source})
    assert not Path("data/raw/train").exists()


def npz(**arrays: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type] # (an array, no flag)
    return file.getvalue()


def mat() -> bytes:
    file = io.BytesIO()
    savemat(file, {"X": COLOURED.transpose(1, 2, 3, 0), "y": LABELS[:, None]})
    return file.getvalue()


def hdf5() -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        content["train/data"], content["train/target"] = (FLAT / 255).astype("f4"), LABELS
    return file.getvalue()


def npy(array: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def idx(array: npt.NDArray[np.uint8]) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


ARRAYS: dict[str, tuple[dict[str, bytes], str, str, dict[str, Any]]] = {
    "npz": ({"a.npz": npz(x=IMAGES, y=LABELS)}, "a.npz/x", "a.npz/y", {}),
    "npz-fortran": (
        {"a.npz": npz(x=np.asfortranarray(IMAGES), y=LABELS[:, None])},
        "a.npz/x",
        "a.npz/y",
        {},
    ),
    "npz-one-hot": ({"a.npz": npz(x=FLAT, y=np.eye(3)[LABELS])}, "a.npz/x", "a.npz/y", {}),
    "npy": ({"x.npy": npy(IMAGES), "y.npy": npy(LABELS.astype("f8"))}, "x.npy", "y.npy", {}),
    "hdf5": ({"a.h5": hdf5()}, "a.h5/train/data", "a.h5/train/target", {"range": [0, 1]}),
    "idx": ({"x-idx3": idx(IMAGES), "y-idx1": idx(LABELS)}, "x-idx3", "y-idx1", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(bring: Bring, name: str) -> None:
    files, images, labels, source = ARRAYS[name]
    bring(files, {"form": "arrays", "train": {"images": images, "labels": labels}, **source})
    assert arrived()[:2] == (IMAGES.tolist(), LABELS.tolist())
    assert arrived()[2][6] == f"{images}[6]"


def test_arrays_in_another_order_and_in_a_zip(bring: Bring) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("in/a.mat", mat())
    pair = {"images": "z.zip/in/a.mat/X", "labels": "z.zip/in/a.mat/y"}
    source = {"form": "arrays", "axes": "HWCN", "train": pair, "test": pair}
    bring({"z.zip": file.getvalue()}, source, image=COLOUR)
    assert arrived()[:2] == arrived("test")[:2] == (COLOURED.tolist(), LABELS.tolist())


@pytest.mark.parametrize(
    ("images", "path", "said"),
    [
        (IMAGES, "a.npz/z", "a.npz: no array 'z'; there are x, y"),
        (IMAGES, "b.npz/x", "b.npz/x: no such file; there are a.npz"),
        (IMAGES, "a.npz", "a.npz: no array named; there are x, y"),
        (IMAGES[1:], "a.npz/x", "a.npz/y: 7 labels; expected 6, one for each image"),
        (IMAGES[:, 1:], "a.npz/x", r"a.npz/x\[0\]: images of 2×4×1; expected 3×4×1"),
        (IMAGES.astype(object), "a.npz/x", r"a.npz: .*which is a pickle"),
        (IMAGES[0, 0], "a.npz/x", r"a.npz/x: an array of \(4,\); `axes`"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    bring: Bring, images: npt.NDArray[Any], path: str, said: str
) -> None:
    pair = {"images": path, "labels": "a.npz/y"}
    with pytest.raises(StageError, match=said):
        bring({"a.npz": npz(x=images, y=LABELS)}, {"form": "arrays", "train": pair})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (npy(IMAGES)[:-9], "x: ends after 0 of 7 rows"),
        (b"\x80\x04.", "x: none of npz, npy, HDF5, mat and IDX; a pickle"),
        (hdf5()[:99], "x: "),
        (npz(x=IMAGES)[:-30], "x: "),
        (mat()[:-30], "x: "),
    ],
)
def test_damaged_arrays_are_refused(bring: Bring, content: bytes, said: str) -> None:
    pair = {"images": "x", "labels": "y.npy"}
    with pytest.raises(StageError, match=f"^datasets/mine/data/{said}"):
        bring({"x": content, "y.npy": npy(LABELS)}, {"form": "arrays", "train": pair})


def test_arff(bring: Bring) -> None:
    names = "".join(f"@ATTRIBUTE 'pixel {place}' REAL\n" for place in range(12))
    rows = "".join(f"{','.join(map(str, r))},{n}\n" for r, n in zip(FLAT, LABELS, strict=True))
    text = f"% digits\n@RELATION d\n{names}@attribute class {{0,1,2}}\n\n@DATA\n{rows}"
    source = {"form": "arff", "train": "d.arff"}
    bring({"d.arff": text.encode()}, source, header=True, label="class")
    assert arrived()[:2] == (IMAGES.tolist(), LABELS.tolist())
    assert arrived()[2][0] == "d.arff:18"
    for content in (table(), b"@RELATION d\n@DATA\n" + table()):
        with pytest.raises(StageError, match="no @ATTRIBUTE and @DATA"):
            bring({"d.arff": content}, source, header=True, label="class")


def test_libsvm(bring: Bring) -> None:
    file = io.BytesIO()
    dump_svmlight_file(FLAT.astype(float), LABELS, file, zero_based=False)
    bring({"d.scale": file.getvalue()}, {"form": "libsvm", "train": "d.scale"})
    assert arrived()[:2] == (IMAGES.tolist(), LABELS.tolist())
    with pytest.raises(StageError, match=r"/d.scale: "):
        bring({"d.scale": b"1 2:x\n"}, {"form": "libsvm", "train": "d.scale"})


def test_cifar(bring: Bring) -> None:
    planes = np.moveaxis(COLOURED, -1, 1).reshape(7, -1)
    content = np.column_stack([LABELS, planes]).tobytes()
    source = {"form": "cifar", "train": ["b.bin", "b.bin"]}
    bring({"b.bin": content}, source, image=COLOUR)
    assert arrived()[:2] == ([*COLOURED.tolist()] * 2, [*LABELS.tolist()] * 2)
    with pytest.raises(StageError, match=r"/b.bin: ends within a record of 37 bytes"):
        bring({"b.bin": content[:-1]}, source, image=COLOUR)


def test_own_data_that_has_changed_is_told_by_the_catalogs_check(
    bring: Bring, caplog: pytest.LogCaptureFixture
) -> None:
    source = {"form": "csv", "train": "t.csv"}
    bring({"t.csv": table()}, source, train={"rows": 7, "sha256": sha256(table()).hexdigest()})
    check_catalog(Path("datasets"))
    Path("datasets/mine/data/t.csv").write_bytes(table() + table())
    with pytest.raises(StageError, match=r"^datasets/mine/entry.yaml: train.*--refresh mine`$"):
        check_catalog(Path("datasets"))
    shutil.rmtree("datasets/mine/data")
    check_catalog(Path("datasets"))
    assert "datasets/mine/data: not here, so not checked" in caplog.text


@pytest.mark.parametrize("form", [*Form.__subclasses__(), *CsvForm.__subclasses__()])
def test_the_reference_names_every_key(form: type[Form]) -> None:
    page = (ROOT / "docs/reference/dataset-entries.md").read_text(encoding="utf-8")
    [name] = get_args(form.model_fields["form"].annotation)
    assert f"| `{name}` |" in page
    keys = form.model_fields.keys() - {"kind", "form"}
    assert not [key for key in keys if not re.search(rf"`(\{{.*)?{key}\b", page)]


def png(image: npt.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


FOLDERS = {
    f"{table}/{label}/{n}.png": png(image)
    for table in ("train", "test")
    for n, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True))
}
SORTED = np.argsort(LABELS, kind="stable")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_of_pictures_a_class(
    bring: Bring, zipped: bool, caplog: pytest.LogCaptureFixture
) -> None:
    files = FOLDERS | {"train/readme.txt": b"digits", "train/.DS_Store": b""}
    if zipped:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        files = {"archive.zip": file.getvalue()}
    start = "archive.zip/" if zipped else ""
    bring(files, {"form": "pictures", "train": f"{start}train", "test": f"{start}test"})
    for table in ("train", "test"):
        images, labels, sources = arrived(table)
        assert images == IMAGES[SORTED].tolist()
        assert labels == LABELS[SORTED].tolist()
        assert sources[:2] == [f"{start}{table}/0/0.png", f"{start}{table}/0/4.png"]
    assert "no pictures, left out: " in caplog.text
    assert "readme.txt" in caplog.text


INDEX = "".join(f"{n},{label},w{n % 2}\n" for n, label in enumerate(LABELS))
LINES = "".join(
    f'{{"f": "{n}", "l": {label}, "g": "w{n % 2}"}}\n' for n, label in enumerate(LABELS)
)


@pytest.mark.parametrize("table", ["f,l,g\n" + INDEX, LINES])
def test_an_index_of_pictures(bring: Bring, table: str) -> None:
    files = {f"all/{n}.png": png(image) for n, image in enumerate(IMAGES)}
    index = {"file": "f", "label": "l", "folder": "all", "suffix": ".png", "group": "g"}
    source = {"form": "pictures", "train": "t", "index": index}
    bring(files | {"t": table.encode()}, source)
    assert arrived()[:2] == (IMAGES.tolist(), LABELS.tolist())
    assert arrived()[2][1] == "all/1.png,w1"
    for change, said in (
        ({"file": "path"}, "/t: no column 'path'; there are f, l, g"),
        ({"suffix": ".jpg"}, "/t: lists what is not there: all/0.jpg, "),
    ):
        with pytest.raises(StageError, match=said):
            bring({}, source | {"index": index | change})
    for damaged, said in (
        (b"f,l,g\n\xff,0,w", "/t: neither CSV nor JSON lines in UTF-8: .*decode"),
        (b'{"f": 0, "l"', "/t: neither CSV nor JSON lines in UTF-8: Expecting"),
        (b'{"f": 0, "l": 0, "g": 0}\n5', "/t: neither CSV nor JSON lines in UTF-8: .*int"),
        (b"f,l,g\n0,0,w\n1\n", "/t: row 2: nothing in column 'l'"),
    ):
        with pytest.raises(StageError, match=said):
            bring({"t": damaged}, source)


@pytest.mark.parametrize(
    "source",
    [
        {"form": "arrays", "train": {"images": "x", "labels": "y"}},
        {"form": "libsvm", "train": "x"},
        {"form": "parquet", "train": "x", "label": "y"},
    ],
)
def test_black_is_not_white(bring: Bring, source: dict[str, Any]) -> None:
    with pytest.raises(StageError, match=r"source.range: must be two different numbers"):
        bring({"x": b""}, source | {"range": [1, 1]})


def test_parquet(bring: Bring) -> None:
    def packed(**columns: Any) -> bytes:
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file)
        return file.getvalue()

    pictures = [{"bytes": png(image), "path": None} for image in IMAGES]
    source = {"form": "parquet", "train": "p", "label": "l", "image": "x"}
    bring({"p": packed(x=pictures, l=LABELS)}, source)
    assert arrived()[:2] == (IMAGES.tolist(), LABELS.tolist())
    flat = {f"p{place}": FLAT[:, place] for place in range(12)}
    bring({"p": packed(**flat, l=LABELS)}, {"form": "parquet", "train": "p", "label": "l"})
    assert arrived() == (IMAGES.tolist(), LABELS.tolist(), [f"p[{n}]" for n in range(7)])
    for content, said in (
        (packed(x=[b"none"], l=[0]), "p\\[0\\]: neither a picture"),
        (packed(x=[0]), "/p: no column 'l'; there are x"),
        (b"PAR1", "/p: "),
    ):
        with pytest.raises(StageError, match=said):
            bring({"p": content}, source)


@pytest.mark.parametrize("key", ["inverted", "transposed"])
def test_pictures_are_taken_as_predict_py_takes_them(bring: Bring, key: str) -> None:
    with pytest.raises(StageError, match="of tables and arrays, not of pictures"):
        bring(FOLDERS, {"form": "pictures", "train": "train"}, **{key: True})


def test_all_broken_pictures_are_named(bring: Bring) -> None:
    broken = {"train/1/a.png": b"", "train/2/b.png": FOLDERS["train/0/0.png"][:40]}
    with pytest.raises(StageError) as error:
        bring(FOLDERS | broken, {"form": "pictures", "train": "train"})
    lines = str(error.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "datasets/mine/data/train/1/a.png",
        "datasets/mine/data/train/2/b.png",
    ]
    assert not Path("data/raw/train").exists()


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        (None, [[0, 0, 200, 200]] * 3),
        ("stretch", [[0, 0, 200, 200]] * 3),
        ("pad", [[100] * 4, [0, 0, 200, 200], [100] * 4]),
        ("crop", [[0, 0, 200, 200]] * 3),
    ],
)
def test_pictures_of_other_sides_fit_as_the_entry_says(
    bring: Bring, fit: str | None, expected: list[list[int]]
) -> None:
    wide = np.repeat([[0, 200]], 32, axis=1).repeat(16, axis=0).astype(np.uint8)
    files = {f"{label}/{n}.png": png(wide) for label in range(3) for n in range(2)}
    changes = {} if fit is None else {"fit": fit}
    bring(files, {"form": "pictures", "train": "."}, **changes)
    assert json.loads(Path("data/raw/reading.json").read_text()) == {"fit": fit or "stretch"}
    found = np.array(arrived()[0][0])
    assert abs(found - expected).max() < 60, "but for the edge in the middle"
    about = [
        json.loads(Path(f"data/raw/{name}.json").read_text()) for name in ("dataset", "reading")
    ]
    Path("dataset.json").write_text(json.dumps(about[0] | about[1]))
    [item] = read([Path("datasets/mine/data/0/0.png")], read_dataset(Path("dataset.json")))
    assert item.pixels[..., 0].tolist() == found.tolist(), "as predict.py reads it"


def test_a_zip_is_listed_once_and_not_for_each_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(20):
            archive.writestr(f"b/{number}.txt", f"{number}")
    listings = []
    namelist = zipfile.ZipFile.namelist

    def noted(archive: zipfile.ZipFile) -> list[str]:
        listings.append(archive.filename)
        return namelist(archive)

    monkeypatch.setattr(zipfile.ZipFile, "namelist", noted)
    files = Files(tmp_path)
    for number in range(20):
        with files.open(f"a.zip/b/{number}.txt") as file:
            assert file.read() == f"{number}".encode()
    assert files.is_file("a.zip/b/3.txt")
    assert not files.is_file("a.zip/b")
    assert len(listings) <= 1
