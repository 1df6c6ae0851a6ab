"""predict.py, sent with a model to somebody who has onnxruntime, numpy and pillow and no more."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from conftest import ROOT
from digits import SHAPE, describe, read_digits, write_model
from predicting.pictures import as_image, read_picture
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
    "sign.csv": (b"+1," + b"0," * 782 + b"0\n", ":1: column 1: '+1' is not a pixel value"),
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
