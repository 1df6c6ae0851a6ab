"""Every layout in which people have images is described, downloaded and prepared as it should."""

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import describe
import download
import preprocess
from conftest import ROOT
from predicting.dataset import read_dataset
from predicting.predict import read
from predicting.refusal import RefusedError
from shared.console import StageError
from shared.dataset import Images, load_dataset, open_split
from written_layouts import LAYOUTS, REFUSED, TRANSPOSED


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with params.yaml, and a folder `brought` for somebody's files."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (tmp_path / "brought").mkdir()
    (tmp_path / "datasets").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(preprocess, "save_png", lambda *_: None)  # it takes longest


def prepare(command: str) -> None:
    """Download and preprocess with the parameters of a command line."""
    params: dict[str, Any] = yaml.safe_load(Path("params.yaml").read_text())
    for section, name, value in re.findall(r"-S (\w+)\.(\w+)=(\S+)", command):
        params[section][name] = yaml.safe_load(value)
    Path("params.yaml").write_text(yaml.safe_dump(params))
    download.main()
    preprocess.main()


def counted(images: Images, names: list[str]) -> Counter[tuple[bytes, str]]:
    return Counter(zip((image.tobytes() for image in images), names, strict=True))


def prepared() -> tuple[Images, list[str]]:
    """All images of the three splits, and the names of their classes."""
    names = load_dataset(Path("data/raw/dataset.json")).class_names
    splits = [
        open_split(Path(f"data/prepared/{name}.npz")) for name in ("train", "validation", "test")
    ]
    labels = np.concatenate([split.labels for split in splits])
    return np.concatenate([split.images for split in splits]), [names[label] for label in labels]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_arrives_pixel_for_pixel(
    name: str,
) -> None:
    expected = LAYOUTS[name](Path("brought"))
    said = "\n".join(describe.bring(Path("brought"), None, name))
    entry = Path("datasets", name, "entry.yaml")
    assert ("write `transposed: true`" in said) == (name in TRANSPOSED), said
    if name in TRANSPOSED:
        entry.write_text(entry.read_text().replace("transposed: false", "transposed: true"))
    prepare(said.rpartition("train:  ")[2])
    images, names = prepared()
    assert images.shape[1:] == (*expected.images.shape[1:3], images.shape[3])
    assert counted(images, names) == counted(expected.images, expected.names)
    assert Path(f"datasets/{name}.png").stat().st_size > 0
    read_again = Counter(image.tobytes() for image in read_by_predict(Path("brought")))
    assert not Counter(image.tobytes() for image in images) - read_again


def read_by_predict(folder: Path) -> Iterator[Images]:
    """Yield the images of all files in which predict.py finds any; a zip is unpacked first."""
    whole = json.loads(Path("data/raw/dataset.json").read_text())
    whole |= json.loads(Path("data/raw/reading.json").read_text())
    Path("dataset.json").write_text(json.dumps(whole))
    dataset = read_dataset(Path("dataset.json"))
    for path in [path for path in folder.rglob("*.zip") if path.is_file()]:
        zipfile.ZipFile(path).extractall(folder / "unpacked")
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            yield from (item.pixels for item in read([path], dataset))
        except RefusedError as error:
            yield from (item.pixels for item in read(cured(error, path), dataset))


def cured(error: RefusedError, path: Path) -> list[Path]:
    """Return what comes of the cure that an error names; nothing of a file without images."""
    if named := re.search(r"; name one: (.*)", str(error)):
        return [path.parent / name for name in named[1].split(", ")]
    if line := re.search(r'python -c "(.*)"', str(error)):
        with chdir(path.parent):
            for name in ("train/data", "test/data") if path.suffix == ".h5" else [""]:
                exec(line[1].replace("NAME", name), {})  # noqa: S102 (it is what people are told)
                if name:
                    Path("images.npz").rename(f"{name[:4]}.npz")
            return [
                found.resolve() for found in Path().iterdir() if found.suffix in (".npz", ".png")
            ]
    return []


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_of_images_is_refused_with_the_cure(name: str) -> None:
    writer, said = REFUSED[name]
    writer(Path("brought"))
    with pytest.raises(StageError, match=said) as error:
        describe.bring(Path("brought"), None, "mine")
    assert "\n" not in str(error.value)
    assert list(Path("datasets").iterdir()) == [], "nothing is left"
