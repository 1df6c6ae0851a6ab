"""Whatever a file holds, predict.py reads it or refuses it in one line."""

import gzip
import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from digits import SHAPE, describe
from mutants import mutant_chunks, mutant_values, mutants
from predicting.dataset import Dataset, Layout, read_dataset
from predicting.opening import read_picture
from predicting.pictures import as_image
from predicting.predict import read
from predicting.refusal import RefusedError, printable
from shared.console import StageError
from shared.dataset import load_dataset
from test_predict import seven


def saved(mode: str, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture = seven((60, 40), 10, 240).convert("RGB" if mode == "LAB" else mode)
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        picture = ImageCms.profileToProfile(picture, srgb, lab, outputMode="LAB") or picture
    picture.save(file, kind, **options)
    return file.getvalue()


def png() -> bytes:
    """A PNG with all kinds of chunks."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Title", "seven", zip=True)
    notes.add_itxt("Author", "somebody", "en", "Author", zip=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(
        "P", "png", pnginfo=notes, exif=exif, icc_profile=profile, transparency=3, dpi=(72, 72)
    )


PNGS = [
    png(),
    saved("I;16", "png", transparency=7),
    saved("L", "png", transparency=10),
    saved("RGBA", "png"),
    saved("1", "png"),
]
OTHERS = [
    saved("RGB", "jpeg", exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"),
    saved("CMYK", "jpeg"),
    saved("P", "gif", transparency=0),
    saved("RGB", "bmp"),
    saved("1", "bmp"),
    saved("F", "tiff"),
    saved("LAB", "tiff"),
    saved("I", "tiff", compression="tiff_lzw"),
    saved("RGBA", "tiff", compression="tiff_deflate"),
    saved("1", "tiff", compression="group4"),
    saved("RGBA", "webp"),
    saved("L", "ppm"),
    saved("F", "ppm"),
    b"P2 3 2 900 1 2 3 4 500 6\n",
]


def refused(act: Callable[[], object]) -> bool:
    """Whether it is refused, in one line that has no more of a terminal's commands."""
    try:
        act()
    except RefusedError as error:
        said = printable(str(error))
    else:
        return False
    assert len(said.splitlines()) == 1
    return True


def test_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, refusals = tmp_path / "a.png", []
    every = [*mutants([*OTHERS, *PNGS], "pictures"), *mutant_chunks(PNGS, "chunks")]
    for content in every:
        path.write_bytes(content)

        def act() -> None:
            picture = read_picture(path)
            assert picture.mode in ("L", "RGB")
            for shape, fit in ((SHAPE, "digits"), ((8, 9, 3), "pad"), ((8, 9, 1), "crop")):
                found = as_image(picture, path, shape, fit)
                assert (found.dtype.name, found.shape) == ("uint8", shape)

        refusals.append(refused(act))
    assert len(every) * 0.2 < sum(refusals) < len(every) * 0.95
    assert capfd.readouterr().err == ""


DATASET = Dataset((3, 2, 1), ["a", "b"], "digits", True, "label", False, False)


def array(save: Callable[..., None]) -> bytes:
    file, images = io.BytesIO(), np.arange(12, dtype=np.uint8).reshape(2, 3, 2)
    save(file, images) if save is np.save else save(file, x=images, y=np.arange(2))
    return file.getvalue()


ARRAYS = {
    "a.npy": array(np.save),
    "a.npz": array(np.savez_compressed),
    "a.idx": bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, *range(12)]),
    "a.csv.gz": gzip.compress(b"id,label,p0,p1,p2,p3,p4,p5\n7,ant,0,1,2,3,4,255\n" * 9),
    "a.arff": b"@RELATION a\n" + b"@ATTRIBUTE p REAL\n" * 6 + b"@DATA\n0,1,2,3,4,255\n" * 2,
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for content in mutants([ARRAYS[name]], name):
        path.write_bytes(content)
        refused(lambda: list(read([path], DATASET)))


@pytest.mark.parametrize("layout", [DATASET, DATASET._replace(header=False, label="last")])
def test_tables(tmp_path: Path, layout: Dataset) -> None:
    header = b"\xef\xbb\xbfid,label,p0,p1,p2,p3,p4,p5\n" if layout.header else b""
    rows = [b"7,ant,0,1,2,3,4,255\r\n", b'8,"b,ee",9,1,2,3,4,5\n']
    if not layout.header:
        rows = [b"0,1,2,3,4,255,ant\r\n", b'9,1,2,3,4,5,"b,ee"\n']
    path = tmp_path / "a.csv"
    for content in mutants([header + b"".join(rows * 2)], "tables"):
        path.write_bytes(content)

        def act() -> None:
            for _, _, image in read([path], layout):
                assert (image.dtype.name, image.shape) == ("uint8", layout.shape)

        refused(act)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {
            "separator": " ",
            "ignore": ["id", 2],
            "pixels": 3,
            "one_hot": 2,
            "labels": False,
            "planes": True,
            "range": [0, 1],
            "axes": "NP",
            "label_bytes": 1,
            "suffix": ".png",
        },
    ],
    ids=["plain", "layout"],
)
def test_dataset_json(tmp_path: Path, files: dict[str, object]) -> None:
    describe(tmp_path, files, label="last")
    path = tmp_path / "dataset.json"
    whole = path.read_bytes()
    assert read_dataset(path).layout == Layout(**files)  # type: ignore[arg-type]
    every = [text.encode() for text in mutant_values(json.loads(whole), "values")]
    for content in [*every, *mutants([whole], "dataset.json"), b"[" * 100_000, b"9" * 5000]:
        path.write_bytes(content)
        refused(lambda: read_dataset(path))
        with suppress(StageError):
            load_dataset(path)
