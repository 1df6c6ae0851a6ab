"""predict.py, sent with a model to somebody who has onnxruntime, numpy and pillow and no more."""

import csv
import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from conftest import ROOT
from digits import SHAPE, describe, read_digits, write_model
from photographs import photograph
from predicting.dataset import Dataset, Layout
from predicting.opening import read_picture
from predicting.pictures import as_image
from predicting.predict import load, read
from predicting.refusal import RefusedError
from shared.dataset import Images, Split

SITE_PACKAGES = Path(np.__file__).parents[1]


class Sent(NamedTuple):
    """A folder as it is sent, beside packages that do not have Keras or pandas among them."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        script = self.folder / "predict.py"
        return subprocess.run(
            [sys.executable, "-S", script, *arguments],
            env=self.environment,
            capture_output=True,
            check=False,
            text=True,
        )

    def predict(self, *arguments: str | Path) -> list[dict[str, str]]:
        done = self.run(*arguments, "--format", "csv")
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.fixture(scope="module")
def digits() -> Split:
    return read_digits()


@pytest.fixture(scope="module")
def sent(digits: Split, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    folder = tmp_path_factory.mktemp("sent")
    write_model(folder, digits)
    shutil.copy(ROOT / "stages/predicting/predict.py", folder)
    shutil.copytree(ROOT / "stages/predicting", folder / "predicting")

    packages = tmp_path_factory.mktemp("packages")
    for name in ("numpy", "numpy.libs", "PIL", "pillow.libs", "onnxruntime"):
        if (SITE_PACKAGES / name).exists():
            (packages / name).symlink_to(SITE_PACKAGES / name)
    environment = os.environ | {"PYTHONPATH": str(packages), "PYTHONWARNINGS": "error"}
    environment.pop("PYTHONUNBUFFERED", None)  # few people have it set, and it hides what is late
    return Sent(folder, environment)


def write_table(path: Path, rows: Images, labels: Images | None = None) -> Path:
    table = rows.reshape(len(rows), -1)
    if labels is not None:
        table = np.column_stack([table, labels])
    np.savetxt(path, table, "%d", ",")
    return path


def right(predictions: list[dict[str, str]], labels: Images) -> float:
    expected = [f"digit {label}" for label in labels]
    return float(np.mean([row["label"] for row in predictions] == np.array(expected)))


def test_large_inverted_jpegs_are_predicted_as_well_as_the_rows_that_they_show(
    sent: Sent, digits: Split, tmp_path: Path
) -> None:
    images, labels = digits.images[4000:4100], digits.labels[4000:4100]
    for number, image in enumerate(images):
        large = Image.fromarray(255 - image).resize((400, 400), Image.Resampling.BICUBIC)
        sheet = Image.new("L", (700, 500), 255)
        sheet.paste(large, (250 * (number % 2), 100 * (number % 3 == 0)))
        sheet.save(tmp_path / f"{number:02}.jpg")
    direct = right(sent.predict(write_table(tmp_path / "rows.csv", images)), labels)
    pictures = right(sent.predict(*sorted(tmp_path.glob("*.jpg"))), labels)
    assert direct > 0.85
    assert abs(direct - pictures) <= 0.05


def test_a_picture_of_a_digit_as_the_dataset_has_it_stays_what_it_is(
    digits: Split, tmp_path: Path
) -> None:
    path = tmp_path / "digit.png"
    likeness = []
    for image in digits.images[:100]:
        Image.fromarray(image).save(path)
        likeness.append(np.corrcoef(frame(path).ravel(), image.ravel())[0, 1])
    assert np.quantile(likeness, 0.1) > 0.95  # two pixels to the side, it would be 0.5


def frame(path: Path) -> Images:
    return as_image(read_picture(path), path, SHAPE, "digits")[..., 0]


def seven(size: tuple[int, int], ink: object, paper: object, mode: str = "L") -> Image.Image:
    picture = Image.new(mode, size, paper)  # type: ignore[arg-type]
    font = ImageFont.load_default(size=min(size) // 3)
    where = (size[0] // 2, size[1] // 4)
    ImageDraw.Draw(picture).text(where, "7", fill=ink, font=font)  # type: ignore[arg-type]
    return picture


def turned(picture: Image.Image, path: Path) -> None:
    """Save it lying on its side, with a note of the camera that says so."""
    note = picture.getexif()
    note[0x0112] = 6
    picture.rotate(90, expand=True).save(path, exif=note)


PICTURES: dict[str, Callable[[Path], None]] = {
    "dark on light": lambda path: seven((300, 200), 10, 240).save(path),
    "light on dark": lambda path: seven((300, 200), 240, 10).save(path),
    "grey on grey": lambda path: seven((300, 200), 100, 150).save(path),
    "huge": lambda path: seven((3000, 2000), 0, 255).save(path),
    "jpeg": lambda path: seven((900, 600), 0, 255).save(path, "jpeg", quality=60),
    "colours": lambda path: seven((300, 200), "navy", "ivory", "RGB").save(path),
    "black on nothing": lambda p: seven((300, 200), (0, 0, 0, 255), (0, 0, 0, 0), "RGBA").save(p),
    "white on nothing": lambda p: seven((300, 200), (255,) * 4, (0, 0, 0, 0), "RGBA").save(p),
    "sixteen bits": lambda path: seven((300, 200), 60000, 1000, "I;16").save(path),
    "black and white": lambda path: seven((300, 200), 0, 1, "1").save(path),
    "16 bits on nothing": lambda path: seven((300, 200), 9, 65535, "I;16").save(
        path, transparency=65535
    ),
    "32 bits": lambda path: seven((300, 200), 3, 250, "I").save(path, "tiff"),
    "floats to 1": lambda path: seven((300, 200), 0.1, 0.9, "F").save(path, "tiff"),
    "floats to 255": lambda path: seven((300, 200), 10.5, 240.5, "F").save(path, "tiff"),
    "floats below 0": lambda path: seven((300, 200), -2.0, 7.0, "F").save(path, "tiff"),
    "LAB": lambda path: seven((300, 200), (30, 128, 128), (220, 128, 128), "LAB").save(
        path, "tiff"
    ),
    "inks": lambda path: (
        seven((300, 200), "black", "white", "RGB").convert("CMYK").save(path, "tiff")
    ),
    "turned camera": lambda path: turned(seven((300, 200), 0, 255), path),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_the_same_shape_is_framed_the_same_in_any_picture(kind: str, tmp_path: Path) -> None:
    path, reference = tmp_path / "seven.png", tmp_path / "reference.png"
    PICTURES[kind](path)
    seven((600, 400), 0, 255).save(reference)
    assert np.abs(frame(path).astype(int) - frame(reference)).mean() < 10


@pytest.mark.parametrize("size", [(40, 40), (300, 90), (90, 300)])
def test_a_shape_fills_mnist_s_box_around_its_centre_of_mass(
    size: tuple[int, int], tmp_path: Path
) -> None:
    picture = Image.new("L", (640, 480), 255)
    ImageDraw.Draw(picture).rectangle((30, 60, 30 + size[0], 60 + size[1]), fill=0)
    picture.save(tmp_path / "box.png")
    framed = frame(tmp_path / "box.png")
    rows, columns = (np.flatnonzero((framed > 127).any(axis=axis)) for axis in (1, 0))
    assert max(len(rows), len(columns)) == 20
    for filled in (rows, columns):
        assert 13.5 <= filled.mean() <= 14.5


HARD = [
    "shadow",
    "lamp",
    "vignette",
    "edge",
    "squared shadow",
    "ruled shadow edge",
    "colour",
    "chalk",
]


@pytest.mark.parametrize("condition", ["", *HARD, "pencil", "noise", "jpeg"])
def test_a_photograph_of_a_digit_on_paper_is_framed_as_the_digit(
    digits: Split, condition: str
) -> None:
    path, random = Path("photograph"), np.random.default_rng(0)
    for image in digits.images[:4]:
        file = photograph(image, condition, 300, random)
        found = as_image(read_picture(path, file), path, SHAPE, "digits")[..., 0]
        clean = as_image(Image.fromarray(image), path, SHAPE, "digits")[..., 0]
        assert np.corrcoef(found.ravel(), clean.ravel())[0, 1] > 0.7


def test_show_draws_what_was_taken_for_ink_and_what_the_model_was_given(
    sent: Sent, tmp_path: Path
) -> None:
    path, target = tmp_path / "seven.png", tmp_path / "shown.png"
    seven((300, 200), 10, 240).save(path)
    assert sent.run(path, "--show", target).returncode == 0
    shown = np.asarray(Image.open(target))
    red = (shown == (255, 0, 0)).all(axis=-1)
    picture = np.asarray(Image.open(path).resize((256, 171)))
    assert np.mean(red[:171, :256] == (picture < 125)) > 0.98
    given = Image.open(target).convert("L").crop((256, 0, 512, 256)).resize(SHAPE[:2])
    np.testing.assert_allclose(np.asarray(given), frame(path), atol=70)
    again = sent.run(path, "--show", target)
    assert (again.returncode, again.stderr) == (1, f"error: {target}: File exists\n")


def test_as_is_only_scales(digits: Split, tmp_path: Path) -> None:
    path = tmp_path / "digit.png"
    Image.fromarray(255 - digits.images[0]).save(path)
    found = as_image(read_picture(path), path, SHAPE, "stretch")
    np.testing.assert_array_equal(found[..., 0], 255 - digits.images[0])


def test_a_model_of_colours_gets_them_unframed(tmp_path: Path) -> None:
    path = tmp_path / "colour.png"
    colours = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    Image.fromarray(colours).save(path)
    np.testing.assert_array_equal(as_image(read_picture(path), path, (5, 6, 3), "stretch"), colours)


def test_a_table_may_have_its_labels_or_not(sent: Sent, digits: Split, tmp_path: Path) -> None:
    images, labels = digits.images[:300], digits.labels[:300]
    bare = sent.predict(write_table(tmp_path / "table.csv", images))
    assert sent.predict(write_table(tmp_path / "table.csv", images, labels)) == bare
    assert bare[299]["source"] == f"{tmp_path / 'table.csv'}:300"


def test_a_table_in_any_layout_is_read(sent: Sent, digits: Split, tmp_path: Path) -> None:
    images, labels = digits.images[:30], digits.labels[:30]
    path = tmp_path / "table.csv"
    expected = [row["label"] for row in sent.predict(write_table(path, images))]
    folder = shutil.copytree(sent.folder, tmp_path / "sent")
    other = sent._replace(folder=folder)

    pixels = images.reshape(30, -1).astype(str)
    describe(folder, label="first")
    path.write_text(
        "".join(f"{a},{','.join(row)}\n" for a, row in zip(labels, pixels, strict=True))
    )
    assert [row["label"] for row in other.predict(path)] == expected

    describe(folder, label="digit", header=True, transposed=True, inverted=True)
    pixels = (255 - images.transpose(0, 2, 1)).reshape(30, -1).astype(str)
    names = [f"pixel{number}" for number in range(784)]
    lines = [[*names[:5], "digit", *names[5:]]]
    lines += [[*row[:5], str(label), *row[5:]] for row, label in zip(pixels, labels, strict=True)]
    quoted = "\r\n".join(",".join(f'"{field}"' for field in line) for line in lines)
    path.write_text(quoted, encoding="utf-8-sig")
    assert [row["label"] for row in other.predict(path)] == expected
    path.write_text("\n".join(",".join(row) for row in [names, *pixels]))
    assert [row["label"] for row in other.predict(path)] == expected

    path.write_text("\n".join(",".join(row) for row in pixels))
    assert "numbers, where a header should be" in other.run(path).stderr
    path.write_text("\n".join(",".join([*line[:5], "class", *line[6:]]) for line in lines[:1]))
    assert "no column has the label's name, 'digit'" in other.run(path).stderr


def test_who_reads_only_the_first_lines_gets_no_traceback(
    sent: Sent, digits: Split, tmp_path: Path
) -> None:
    table = write_table(tmp_path / "table.csv", digits.images[:2000])
    with subprocess.Popen(
        [sys.executable, "-S", sent.folder / "predict.py", table],
        env=sent.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_predictions_come_as_text_csv_or_json(sent: Sent, digits: Split, tmp_path: Path) -> None:
    path = tmp_path / "digit.png"
    Image.fromarray(digits.images[0]).save(path)
    text = sent.run(path).stdout
    said = re.fullmatch(rf"{re.escape(str(path))}: (digit \d) \((\d+\.\d)%\)\n", text)
    assert said is not None
    [row] = sent.predict(path)
    [entry] = json.loads(sent.run(path, "--format", "json").stdout)
    assert row["source"] == entry["source"] == str(path)
    assert row["label"] == entry["label"] == said[1]
    assert float(row["probability"]) == entry["probability"]
    assert f"{entry['probability']:.1%}" == f"{said[2]}%"


def test_a_name_that_the_terminal_cannot_show_is_spelled_out(
    sent: Sent, digits: Split, tmp_path: Path
) -> None:
    table = write_table(tmp_path / "é.csv", digits.images[:1])
    ascii_only = sent._replace(environment=sent.environment | {"PYTHONIOENCODING": "ascii"})
    assert "\\xe9.csv:1: digit " in ascii_only.run(table).stdout


WRONG: dict[str, tuple[bytes | None, str]] = {
    "missing.png": (None, "No such file or directory"),
    "text.png": (b"Dear all,\n", "neither a picture nor a table (.csv)"),
    "cut.png": (b"PNG", "a broken picture"),
    "blank.png": (b"", "an empty picture"),
    "large.png": (b"", "larger than 89 megapixels"),
    "empty.csv": (b"", "an empty table"),
    "bytes.csv": (b"\xff\xd8\xff\n", "not a table of numbers between commas"),
    "short.csv": (b"1,2,3\n", ":1: 3 columns, where 784 pixels should be, or 785"),
    "large.csv": (b"0," * 783 + b"0\n" + b"0," * 783 + b"256\n", ":2: column 784: '256' is not a"),
    "sign.csv": (b"-1," + b"0," * 782 + b"0\n", ":1: column 1: '-1' is not a pixel value"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_in_one_line_and_nothing_is_predicted(
    sent: Sent, digits: Split, tmp_path: Path, name: str
) -> None:
    good, path = tmp_path / "good.png", tmp_path / name
    Image.fromarray(digits.images[0]).resize((99, 99)).save(good)
    content, reason = WRONG[name]
    if name == "cut.png":
        content = good.read_bytes()[:200]
    if content is not None:
        path.write_bytes(content)
    if name == "blank.png":
        Image.new("L", (50, 50), 255).save(path)
    if name == "large.png":
        Image.new("1", (10_000, 9_000)).save(path)
    done = sent.run(good, path)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: {path}")
    assert reason in line


TINY = Dataset((1, 2, 1), ["a", "b"], "digits", True, "label", False, False)
NUMBERS = np.array([[0.5, np.nan, np.inf]], np.float32)


def test_a_pipe_is_refused_by_name() -> None:
    receiver, sender = os.pipe()
    os.write(sender, b"\x89PNG\r\n and more")
    os.close(sender)
    with pytest.raises(RefusedError, match=rf"^/dev/fd/{receiver}: a pipe"):
        read_picture(Path(f"/dev/fd/{receiver}"))
    os.close(receiver)


def pfm(numbers: np.ndarray) -> bytes:
    return f"Pf {len(numbers)} 1 -1.0\n".encode() + numbers.astype("<f4").tobytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jpg", b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture; save it as PNG or JPEG"),
        ("a.jpg", b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF picture; save it as PNG or JPEG"),
        ("a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript; save it as"),
        ("a.png", b"DDS " + bytes(200), "neither a picture nor a table"),
        ("a.pfm", pfm(NUMBERS[0, :2]), "a pixel that is no number"),
        ("a.pfm", pfm(NUMBERS[0, ::2]), "a pixel that is no number"),
        ("a.csv", b"p0,p1,label,more,again\n1,2,a,b\n", ":1: 5 columns, of which 2 should be pix"),
        ("a.csv", b"p0,p1,label\n1,2\n", ":2: 2 columns, where the first line has 3"),
        ("a.csv", b"p0,p1\n1,2,a\n", ":2: 3 columns, where the first line has 2"),
        ("a.csv", b"p0\n1\n", ":1: 1 columns, of which 2 should be pixels"),
        ("a.csv", b'"p\n0",p1\n', "an empty table"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RefusedError, match=re.escape(said)):
        list(read([tmp_path / name], TINY))


@pytest.mark.parametrize(
    ("label", "table", "sources"),
    [
        ("label", "id,p0,p1\nx,1,2\ny,3,4\n", ["x", "y"]),
        ("label", "p0,p1,ImageId\n1,2,x\n3,4,y\n", ["x", "y"]),
        ("label", ",label,p0,p1\nx,a,1,2\ny,b,3,4\n", ["x", "y"]),
        ("first", "id,p0,p1\nx,1,2\ny,3,4\n", ["x", "y"]),
        ("last", "id,p0,p1,what\nx,1,2,a\ny,3,4,b\n", ["x", "y"]),
        ("first", "what,p0,p1\na,1,2\nb,3,4\n", ["{}:2", "{}:3"]),
        ("class_id", "class_id,p0,p1\na,1,2\nb,3,4\n", ["{}:2", "{}:3"]),
    ],
)
def test_a_column_of_ids_is_where_the_images_come_from(
    tmp_path: Path, label: str, table: str, sources: list[str]
) -> None:
    path = tmp_path / "test.csv"
    path.write_text(table)
    found = list(read([path], TINY._replace(label=label)))
    assert [item.source for item in found] == [source.format(path) for source in sources]
    assert [item.pixels.ravel().tolist() for item in found] == [[1, 2], [3, 4]]


def test_a_submission_has_ids_or_numbers_and_the_labels_of_the_dataset_s_files(
    sent: Sent, digits: Split, tmp_path: Path
) -> None:
    folder = shutil.copytree(sent.folder, tmp_path / "sent")
    describe(folder, label="label", header=True)
    other = sent._replace(folder=folder)
    header = [f"p{number}" for number in range(784)]
    rows = [list(map(str, image.ravel())) for image in digits.images[:3]]
    bare, named = tmp_path / "bare.csv", tmp_path / "named.csv"
    bare.write_text("\n".join(",".join(row) for row in [header, *rows]))
    rows = [[name, *row] for name, row in zip(("a", "b", "c"), rows, strict=True)]
    named.write_text("\n".join(",".join(row) for row in [["id", *header], *rows]))
    labels = [row["label"].removeprefix("digit ") for row in other.predict(bare)]
    said = other.run(named, bare, "--columns", "ImageId,Label").stdout.splitlines()
    sources = ["a", "b", "c", "4", "5", "6"]
    expected = [",".join(row) for row in zip(sources, labels * 2, strict=True)]
    assert said == ["ImageId,Label", *expected]
    assert "expected two names" in other.run(bare, "--columns", "ImageId").stderr


def saved(array: object, save: Callable[..., None] = np.save) -> bytes:
    file = io.BytesIO()
    save(file, **array) if isinstance(array, dict) else save(file, array)
    return file.getvalue()


TINIES = np.array([[[1, 2]], [[3, 4]]], np.uint8)
PLANES = np.array([[7, 1, 2], [8, 3, 4]], np.uint8)
LABELS = np.array([0, 1])
IDX = bytes([0, 0, 8, 3]) + np.array(TINIES.shape, ">u4").tobytes() + TINIES.tobytes()


@pytest.mark.parametrize(
    ("name", "content", "layout", "source"),
    [
        ("a.npy", saved(TINIES), {}, "{}[1]"),
        ("a.npy", saved(TINIES.reshape(2, 2).astype("f4")), {}, "{}[1]"),
        ("a.npy", saved(TINIES[..., None] / 4), {"range": [0, 0.25 * 255]}, "{}[1]"),
        ("a.npy", saved(np.moveaxis(TINIES, 0, -1)), {"axes": "HWN"}, "{}[1]"),
        ("a.npz", saved({"x": TINIES, "y": LABELS}, np.savez), {}, "{}/x[1]"),
        ("a.npz/x", saved({"x": TINIES, "z": TINIES}, np.savez_compressed), {}, "{}[1]"),
        ("a", IDX, {}, "{}[1]"),
        ("a.gz", gzip.compress(IDX, mtime=0), {}, "{}[1]"),
        ("a.bin", PLANES.tobytes(), {"label_bytes": 1}, "{}[1]"),
        ("a.bin", TINIES.tobytes(), {"label_bytes": 1}, "{}[1]"),
        ("a.csv.gz", gzip.compress(b"id,p,q\n5,1,2\n6,3,4\n", mtime=0), {}, "6"),
        ("a.txt", b"f\t id\tp\tq\nx\t5\t1.0\t2e0\nx\t6\t3\t4.\n", {"separator": "\t",
         "ignore": ["f", "id"]}, "6"),
        ("a.csv", b"p,q,label\n.004,.0078,a\n1.2e-2,.0157,b\n", {"range": [0, 1]}, "{}:3"),
        ("a.csv", b"text,id\n1 2,5\n3  4 ,6\n", {"pixels": "text"}, "6"),
        ("a.csv", b"p,q,is a,is b\n1,2,1,0\n3,4,0,1\n", {"one_hot": 2}, "{}:3"),
    ],
)  # fmt: skip
def test_what_the_dataset_came_in_is_read(
    tmp_path: Path, name: str, content: bytes, layout: dict[str, Any], source: str
) -> None:
    (tmp_path / name.partition("/")[0]).write_bytes(content)
    found = list(read([tmp_path / name], TINY._replace(layout=Layout(**layout))))
    assert [item.pixels.tolist() for item in found] == TINIES[..., None].tolist()
    assert found[1].source == source.format(tmp_path / name)


@pytest.mark.parametrize(
    ("layout", "rows"),
    [
        ({"ignore": [2]}, "a,x,1,2\nb,y,3,4\n"),
        ({"ignore": [2]}, "x,1,2\ny,3,4\n"),
        ({"ignore": [2]}, "1,2\n3,4\n"),
        ({"separator": " ", "one_hot": 2}, "1.0  2.0 1 0 \n\t3 4 0 1\n"),
        ({"labels": False}, "1,2\n3,4\n"),
        ({"pixels": 2, "ignore": [3]}, "a,1 2,x\nb,3 4,y\n"),
        ({"pixels": 2, "ignore": [3]}, "1 2\n3 4\n"),
    ],
)
def test_a_table_without_a_header_has_all_columns_or_fewer(
    tmp_path: Path, layout: dict[str, Any], rows: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(rows)
    plain = TINY._replace(header=False, label="first", layout=Layout(**layout))
    assert [item.pixels.ravel().tolist() for item in read([path], plain)] == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("name", "content", "layout", "said"),
    [
        ("a.npz", saved({"x": TINIES, "z": TINIES}, np.savez), {},
         "2 arrays of images; name one: a.npz/x, a.npz/z"),
        ("a.npz", saved({"y": LABELS}, np.savez), {}, "no array of images of 1×2×1 in it"),
        ("a.npz/z", saved({"x": TINIES}, np.savez), {}, "no array 'z'; there are x"),
        ("a.npz", saved({"x": TINIES}, np.savez)[:99], {}, "a broken array (File is not a zip"),
        ("a.npy", saved(TINIES.astype(object)), {}, "a broken array (Object arrays"),
        ("a.npy", saved(TINIES.astype(str)), {}, "an array of <U3 (2, 1, 2); expected images of 1"),
        ("a.npy", saved(LABELS), {}, "an array of int64 (2,); expected images of 1×2×1"),
        ("a.npy", saved(TINIES / 2), {}, "a.npy[0]: 0.5 is not a pixel value (0 to 255)"),
        ("a.npy", saved(TINIES), {"range": [0, 1]}, "a.npy[0]: 2 is not a pixel value (0 to 1)"),
        ("a.bin", PLANES.tobytes()[1:], {"label_bytes": 1}, "ends within a record of 2 pixels"),
        ("a", IDX[:-1], {}, "a broken array (cannot reshape"),
        ("a.csv.gz", gzip.compress(b"p,q\n1,2\n", mtime=0)[:-9], {}, "a damaged gzip"),
        ("a.csv", b"p,q\n1,1_0\n", {}, ":2: column 2: '1_0' is not a pixel value"),
        ("a.csv", b"p,q\n1,2\n", {"pixels": "text"}, ":1: no column 'text', which has the pixels"),
        ("a.csv", b"text\n1 2 3\n", {"pixels": "text"}, ":2: 3 numbers, where 2 pixels should be"),
        ("a.csv", b"text\n1 x\n", {"pixels": "text"}, ":2: column 1: 'x' is not a pixel value"),
        ("a.arff", b"@attribute a real\n", {}, "no @DATA"),
        ("a.xlsx", saved({}, np.savez), {}, "a zip; unpack it, or save a spreadsheet as CSV"),
        ("a.h5", b"\x89HDF\r\n\x1a\n", {}, 'HDF5, which is not read here; python -c "import h5py'),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_dataset_is_refused(
    tmp_path: Path, name: str, content: bytes, layout: dict[str, Any], said: str
) -> None:
    (tmp_path / name.partition("/")[0]).write_bytes(content)
    with pytest.raises(RefusedError, match=re.escape(said)):
        list(read([tmp_path / name], TINY._replace(layout=Layout(**layout))))


def test_a_picture_is_called_as_the_dataset_s_index_does(tmp_path: Path) -> None:
    path = tmp_path / "dog.jpg"
    Image.new("L", (9, 9)).save(path)
    other = TINY._replace(fit="stretch", layout=Layout(suffix=".jpg"))
    assert [(item.source, item.id) for item in read([path], other)] == [(str(path), "dog")]


def test_a_picture_of_many_pixels_takes_little_memory(tmp_path: Path) -> None:
    path, side = tmp_path / "large.png", 5000
    Image.new("LA", (side, side), (200, 255)).save(path, compress_level=1)
    code = f"""
import resource
from pathlib import Path
from predicting.opening import read_picture
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read_picture(Path({str(path)!r}))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start)
"""
    folder = {"PYTHONPATH": str(ROOT / "stages")}
    said = subprocess.check_output([sys.executable, "-c", code], env=os.environ | folder, text=True)
    assert int(said) * 1024 < 12 * side**2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_that_cannot_be_written_is_told_in_one_line(
    sent: Sent, digits: Split, tmp_path: Path
) -> None:
    table = write_table(tmp_path / "table.csv", digits.images[:1])
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-S", sent.folder / "predict.py", table],
            env=sent.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
    assert done.stderr == "error: output: No space left on device\n"


def test_an_output_that_is_closed_is_told_in_one_line(sent: Sent) -> None:
    done = subprocess.run(
        [
            "sh",
            "-c",
            'exec "$@" >&-',
            "sh",
            sys.executable,
            "-S",
            sent.folder / "predict.py",
            "a.png",
        ],
        env=sent.environment,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    assert done.stderr == "error: output: it is closed\n"


def test_a_folder_that_is_not_whole_is_refused_in_one_line(sent: Sent, tmp_path: Path) -> None:
    shutil.copy(sent.folder / "predict.py", tmp_path)
    shutil.copytree(sent.folder / "predicting", tmp_path / "predicting")
    done = sent._replace(folder=tmp_path).run("digit.png")
    [line] = done.stderr.splitlines()
    assert line == f"error: {tmp_path / 'dataset.json'}: No such file or directory"


@pytest.mark.parametrize("name", ["dataset.json", "model.onnx"])
def test_a_folder_with_a_file_cut_short_is_refused_in_one_line(
    sent: Sent, tmp_path: Path, name: str
) -> None:
    shutil.copytree(sent.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).write_bytes((sent.folder / name).read_bytes()[:100])
    done = sent._replace(folder=tmp_path).run("digit.png")
    [line] = done.stderr.splitlines()
    assert line == f"error: {tmp_path / name}: damaged; copy the exported folder again"


@pytest.mark.parametrize(
    "other",
    [
        {"image": {"height": 14, "width": 56, "channels": 1}},
        {"image": {"height": 28, "width": 28, "channels": 3}},
        {"classes": {"0": "zero", "1": "one"}},
    ],
)
def test_a_dataset_of_another_model_is_refused(
    sent: Sent, tmp_path: Path, other: dict[str, object]
) -> None:
    (tmp_path / "model.onnx").symlink_to(sent.folder / "model.onnx")
    describe(tmp_path, label="last", **other)
    with pytest.raises(RefusedError, match=r"not the model that dataset\.json describes; copy the"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["[]", "{}", '{"image": 3}', "[" * 10**5])
def test_a_dataset_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(RefusedError, match=r"dataset\.json: .*; copy the exported folder again"):
        load(tmp_path)


def test_what_others_have_written_gives_a_terminal_no_commands(
    sent: Sent, digits: Split, tmp_path: Path
) -> None:
    folder = shutil.copytree(sent.folder, tmp_path / "sent")
    describe(folder, label="label", header=True)
    pixels = ",".join(map(str, digits.images[0].ravel()))
    path = tmp_path / "table.csv"
    path.write_text(",".join(["id", *(f"p{n}" for n in range(784))]) + f"\n\x1b[31mred,{pixels}\n")
    assert "\\x1b[31mred: digit " in sent._replace(folder=folder).run(path).stdout
