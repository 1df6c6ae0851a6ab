"""The stage as it is run: verified tables and the resolved entry, or an error and no files."""

import gzip
import hashlib
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

import pytest
import yaml

import download
from shared.console import StageError
from shared.dataset import TABLE, load_dataset
from shared.files import sha256

ROOT = Path(__file__).parents[1]
SMALL = Path("datasets/small/entry.yaml")


def idx_gz(*sizes: int, values: list[int]) -> bytes:
    header = bytes([0, 0, 8, len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes)
    return gzip.compress(header + bytes(values))


TRAIN = b"7,0,10,200,3\n8,4,5,6,255\n"
TEST = b"9,8,9,10,11\n"
UPSTREAM = {
    "train.csv": TRAIN,
    "test.csv": TEST,
    "train-images.gz": idx_gz(2, 2, 2, values=[0, 10, 200, 3, 4, 5, 6, 255]),
    "train-labels.gz": idx_gz(2, values=[7, 8]),
    "test-images.gz": idx_gz(1, 2, 2, values=[8, 9, 10, 11]),
    "test-labels.gz": idx_gz(1, values=[9]),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with this project's catalog, which the stage is run in."""
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATASET_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[str]:
    """Serve UPSTREAM, the same three images as IDX and as CSV."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    for name, content in UPSTREAM.items():
        (folder / name).write_bytes(content)
    serve = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def choose(dataset: str) -> None:
    Path("params.yaml").write_text(f"download: {{dataset: {dataset}}}\n")


def add_small(*mirrors: tuple[str, str], train: bytes = TRAIN) -> None:
    """Add the dataset of UPSTREAM to the catalog and choose it."""

    def file(name: str) -> dict[str, str]:
        return {"name": name, "sha256": hashlib.sha256(gzip.decompress(UPSTREAM[name])).hexdigest()}

    source = {
        "kind": "mirrors",
        "mirrors": [{"form": form, "location": location} for form, location in mirrors],
        "csv": {"train": "train.csv", "test": "test.csv"},
        "idx": {
            table: {"images": file(f"{table}-images.gz"), "labels": file(f"{table}-labels.gz")}
            for table in ("train", "test")
        },
    }
    entry = yaml.safe_load((ROOT / "datasets/mnist/entry.yaml").read_text())
    entry |= {
        "train": {"rows": 2, "sha256": hashlib.sha256(train).hexdigest()},
        "test": {"rows": 1, "sha256": hashlib.sha256(TEST).hexdigest()},
        "image": {"height": 2, "width": 2, "channels": 1},
        "source": source,
    }
    SMALL.parent.mkdir(exist_ok=True)
    SMALL.write_text(yaml.safe_dump(entry))
    choose("small")


def raw() -> dict[str, bytes]:
    """Return all files, by path below data/raw."""
    files = (path for path in Path("data/raw").rglob("*") if path.is_file())
    return {path.relative_to("data/raw").as_posix(): path.read_bytes() for path in files}


def test_default_needs_no_network_and_comes_out_the_same(project: Path) -> None:
    choose("mnist-5k")
    download.main()
    first = raw()
    assert sorted(first) == [
        "dataset.json",
        "reading.json",
        "test/table.csv",
        "train/table.csv",
    ]
    dataset = load_dataset(Path("data/raw/dataset.json"))
    assert (dataset.name, dataset.label, dataset.image.pixels) == ("mnist-5k", "last", 784)
    assert [first[f"{table}/table.csv"].count(b"\n") for table in ("train", "test")] == [4000, 1000]
    assert dataset.train.sha256 == sha256(Path("data/raw/train/table.csv"))
    download.main()
    assert raw() == first


def test_outputs_do_not_tell_which_mirror_answered(
    project: Path, upstream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_small(("idx", upstream))
    download.main()
    from_idx = raw()
    add_small(("csv", upstream))
    download.main()
    from_csv = raw()
    add_small(("csv", "absent/"))
    monkeypatch.setenv("DATASET_MIRROR", "upstream")
    download.main()
    assert (from_idx["train/table.csv"], from_idx["test/table.csv"]) == (TRAIN, TEST)
    assert from_idx == from_csv == raw()


def test_own_tables_come_from_a_zip_in_the_home_unchecked(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(project))
    with zipfile.ZipFile(project / "own.zip", "w") as archive:
        archive.writestr("tables/train.csv", TRAIN)
    add_small(("csv", "~"))
    entry = yaml.safe_load(SMALL.read_text()) | {"train": {}, "test": {}}
    entry["source"] |= {
        "idx": None,
        "csv": {"archive": {"name": "own.zip"}, "train": "tables/train.csv"},
    }
    entry["draw_test"] = {"rows": 1, "seed": 0}
    SMALL.write_text(yaml.safe_dump(entry))
    download.main()
    assert (raw()["train/table.csv"], raw()["test/table.csv"]) == (TRAIN, b"")
    assert load_dataset(download.DATASET).train_rows == 1
    assert len(raw()) == 4, "and no temporary folder"


def test_other_entries_are_not_read(project: Path, upstream: str) -> None:
    add_small(("csv", upstream))
    Path("datasets/mnist/entry.yaml").write_text("broken: [")
    download.main()
    assert raw()["train/table.csv"] == TRAIN


def test_what_a_killed_download_has_left_goes(project: Path, upstream: str) -> None:
    add_small(("csv", upstream))

    def killed(*_: object) -> NoReturn:
        shutil.copytree("data/raw", "left")
        raise StageError("killed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "write_table", killed)
        with pytest.raises(StageError, match="killed"):
            download.main()
    shutil.copytree("left", "data/raw", dirs_exist_ok=True)  # as SIGKILL leaves it
    assert list(Path("data/raw").glob(".*"))
    download.main()
    assert not list(Path("data/raw").glob(".*"))


def test_failure_leaves_nothing(project: Path, upstream: str) -> None:
    add_small(("csv", f"{upstream}none/"), ("idx", f"{upstream}none/"))
    with pytest.raises(StageError, match=r"no mirror gave.*\n.*train.csv: HTTP 404.*\n.*gz: HTTP"):
        download.main()
    assert raw() == {}


def test_failure_keeps_what_was_there(project: Path, upstream: str) -> None:
    add_small(("csv", upstream))
    download.main()
    before = raw()
    add_small(("idx", upstream), train=b"other")
    with pytest.raises(StageError, match=r"^datasets/small/entry.yaml: train.sha256: is "):
        download.main()
    assert raw() == before


def test_unknown_dataset_ends_the_script_with_the_known_ones(project: Path) -> None:
    choose("minst")
    done = subprocess.run(
        [sys.executable, ROOT / "stages/download.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "'minst' is not in datasets/; known are emnist-balanced, " in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("data").exists()


def test_real_mnist_is_the_tutorials_csv(
    project: Path, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose("mnist")
    monkeypatch.setenv("DATASET_MIRROR", str(mnist_folder))
    download.main()
    assert sha256(download.TRAIN / TABLE).startswith("fb60bc58af4dac35")
    assert sha256(download.TEST / TABLE).startswith("51c292478d94ec3a")
