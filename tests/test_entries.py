"""Every entry of the catalog turns files of its layout, of a few rows, into the right arrays."""

import gzip
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import download
import preprocess
from conftest import ROOT
from downloading.catalog import Entry, entry_names, load_entry
from downloading.sources import Upstream
from shared.dataset import Images, Labels, Split, load_dataset, open_split

CATALOG = ROOT / "datasets"
MIRRORED = [
    name for name in entry_names(CATALOG) if isinstance(load_entry(CATALOG, name).source, Upstream)
]
KNOWN = {"sha256", "packed_sha256", "rows"}


def without_knowledge(part: Any) -> Any:
    """An entry, or a part of it, without numbers of rows and checksums."""
    if isinstance(part, dict):
        return {key: without_knowledge(value) for key, value in part.items() if key not in KNOWN}
    return part


def idx(values: Images | Labels) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()


def csv(entry: Entry, images: Images, labels: list[str]) -> bytes:
    """A table with a header if the entry has one; a label with a name is last beside colours."""
    rows = [[f"pixel{index}" for index in range(images[0].size)]]
    rows += [[str(value) for value in image.ravel()] for image in images]
    for row, label in zip(rows, [entry.label, *labels], strict=True):
        last = entry.label == "last" or (entry.label != "first" and entry.image.channels == 3)
        row.insert(len(row) if last else 0, label)
    return "".join(",".join(row) + "\n" for row in rows[not entry.header :]).encode()


def serve(folder: Path, entry: Entry, tables: list[Split]) -> None:
    """Write what a mirror of the entry holds, in the form that its first one has."""
    assert isinstance(entry.source, Upstream)
    form = entry.source.mirrors[0].form
    edition = entry.source.editions(entry.train, entry.test)[form]
    labels_of_classes = np.array(list(entry.classes))
    contents = {}
    for files, table in zip((edition.train, edition.test), tables, strict=True):
        images = table.images.swapaxes(1, 2) if entry.transposed else table.images
        labels = labels_of_classes[table.labels]
        packed = [csv(entry, images, labels.tolist())]
        if form == "idx":
            packed = [idx(images[..., 0]), idx(labels.astype(np.uint8))]
        for file, content in zip(files, packed, strict=False):
            contents[file.name] = gzip.compress(content)
    if edition.archive:
        with zipfile.ZipFile(folder / edition.archive.name, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    else:
        for name, content in contents.items():
            (folder / name).write_bytes(content)


def random_table(entry: Entry, rows_a_class: int, seed: int) -> Split:
    classes, image = len(entry.classes), entry.image
    shape = (rows_a_class * classes, image.height, image.width, image.channels)
    images = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return Split(images, np.arange(len(images)).astype(np.uint8) % np.uint8(classes))


@pytest.mark.parametrize("name", MIRRORED)
def test_entry_reads_what_its_mirror_holds(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    params = yaml.safe_load(Path("params.yaml").read_text())
    content = without_knowledge(yaml.safe_load((CATALOG / name / "entry.yaml").read_text()))
    classes = len(content["classes"])
    if "draw_test" in content:
        content["draw_test"]["rows"] = classes
    params["download"]["dataset"] = name
    params["preprocess"]["validation_size"] = classes
    Path("params.yaml").write_text(yaml.safe_dump(params))
    Path("datasets", name).mkdir(parents=True)
    Path("datasets", name, "entry.yaml").write_text(yaml.safe_dump(content))
    Path("mirror").mkdir()
    monkeypatch.setenv("DATASET_MIRROR", "mirror")

    entry = load_entry(Path("datasets"), name)
    tables = [random_table(entry, 3, 0), random_table(entry, 1, 1)]
    serve(Path("mirror"), entry, tables)
    download.main()
    preprocess.main()

    expected = tables[:1] if entry.draw_test else tables
    rows = {
        image.tobytes(): label
        for table in expected
        for image, label in zip(table.images, table.labels, strict=True)
    }
    splits = [
        open_split(path) for path in (preprocess.TRAIN, preprocess.VALIDATION, preprocess.TEST)
    ]
    found = {
        image.tobytes(): label
        for split in splits
        for image, label in zip(split.images, split.labels, strict=True)
    }
    assert found == rows
    assert [len(split.labels) for split in splits][1:] == [classes, classes]
    assert load_dataset(download.DATASET).class_names == list(entry.classes.values())
