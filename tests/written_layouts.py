"""How people have labelled images: writers of many layouts, each of a few of MNIST's digits.

A writer gets an empty folder and returns what should come of it: all images, put right, and the
names of their classes, train and test together.
"""

import csv
import io
import json
import pickle
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from PIL import Image
from scipy.io import savemat

from digits import read_digits
from shared.dataset import Images

TRAIN, TEST = 120, 40


class Expected(NamedTuple):
    """What should come of a layout: images [N, height, width] or [.., 3], and class names [N]."""

    images: Images
    names: list[str]


Writer = Callable[[Path], Expected]
LAYOUTS: dict[str, Writer] = {}
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {}
TRANSPOSED = {"labels-beside", "emnist"}
"""Layouts whose entry asks a person, and gives the line to change."""


def layout(writer: Writer) -> Writer:
    LAYOUTS[writer.__name__.replace("_", "-")] = writer
    return writer


def refused(said: str) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    def note(writer: Callable[[Path], object]) -> Callable[[Path], object]:
        REFUSED[writer.__name__.replace("_", "-")] = (writer, said)
        return writer

    return note


@cache
def digits() -> tuple[Images, list[int]]:
    split = read_digits()
    return split.images[: 8 * TRAIN], split.labels[: 8 * TRAIN].tolist()


def of(start: int = 0, rows: int = TRAIN) -> tuple[Images, list[int]]:
    images, labels = digits()
    return images[start : start + rows], labels[start : start + rows]


def both() -> tuple[tuple[Images, list[int]], tuple[Images, list[int]]]:
    return of(), of(TRAIN, TEST)


def together(
    parts: Sequence[tuple[Images, list[int]]], name: Callable[[int], str] = str
) -> Expected:
    images = np.concatenate([images for images, _ in parts])
    return Expected(images, [name(label) for _, labels in parts for label in labels])


def scaled(images: Images, side: int) -> Images:
    return np.stack([np.asarray(Image.fromarray(image).resize((side, side))) for image in images])


def coloured(images: Images, labels: list[int]) -> Images:
    tints = np.random.default_rng(0).uniform(0.3, 1, (10, 3))
    grounds = np.random.default_rng(1).integers(0, 40, (len(images), 1, 1, 3))
    tinted = images[..., None] * tints[labels][:, None, None] + grounds
    return tinted.clip(0, 255).astype(np.uint8)


def of_classes(count: int, each: int, side: int) -> tuple[Images, list[int]]:
    """Rows of each class: digits of the class's last figure, turned and moved by the others."""
    images, labels = digits()
    small = scaled(images, side)
    found, classes = [], []
    for index in range(count):
        rows = np.flatnonzero(np.array(labels) == index % 10)[:each]
        moved = np.roll(np.rot90(small[rows], index // 10 % 4, (1, 2)), index // 40 % 5 - 2, 2)
        found.append(moved)
        classes += [index] * each
    by_turns = np.arange(count * each).reshape(count, each).T.ravel()
    return np.concatenate(found)[by_turns], [classes[place] for place in by_turns]


def rows_of(images: Images, labels: Iterable[object], last: bool = False) -> list[list[Any]]:
    pixels = [image.ravel().tolist() for image in images]
    return [
        [*row, label] if last else [label, *row] for row, label in zip(pixels, labels, strict=True)
    ]


def write(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], **style: Any
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    encoding = style.pop("encoding", "utf-8")
    style = {"lineterminator": "\n"} | style
    with path.open("w", newline="", encoding=encoding) as file:
        table = csv.writer(file, **style)
        if header:
            table.writerow(header)
        table.writerows(rows)


def pixels(count: int = 784, start: int = 0, form: str = "pixel{}") -> list[str]:
    return [form.format(index) for index in range(start, start + count)]


@layout
def labels_beside(folder: Path) -> Expected:
    """Arabic digits: pixels and labels in tables of their own, transposed."""
    for part, (images, labels) in zip(("Train", "Test"), both(), strict=True):
        turned = images.transpose(0, 2, 1).reshape(len(images), -1)
        write(folder / f"csv{part}Images 1k x 784.csv", [], turned.tolist())
        write(folder / f"csv{part}Label 1k x 1.csv", [], [[label] for label in labels])
    return together(both())


@layout
def sorted_letters(folder: Path) -> Expected:
    images, labels = of_classes(26, 6, 28)
    order = np.argsort(labels, kind="stable")
    labels = sorted(labels)
    write(folder / "A_Z Data.csv", [], rows_of(images[order], labels))
    return Expected(images[order], list(map(str, labels)))


@layout
def label_and_character(folder: Path) -> Expected:
    characters = "零一二三四五六七八九"
    images, labels = of()
    images = scaled(images, 32)
    rows = [[*image.ravel().tolist(), label, characters[label]]
            for image, label in zip(images, labels, strict=True)]  # fmt: skip
    write(folder / "chineseMNIST.csv", [*pixels(1024, form="pixel_{}"), "label", "character"], rows)
    return Expected(images, [characters[label] for label in labels])


def save_pictures(folder: Path, images: Images, labels: Iterable[object]) -> None:
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{number}.png")


@layout
def class_folders(folder: Path) -> Expected:
    for part, (images, labels) in zip(("train", "test"), both(), strict=True):
        save_pictures(folder / part, images, labels)
    return together(both())


@layout
def class_folders_in_a_zip(folder: Path) -> Expected:
    images, labels = of()
    images = coloured(images, labels)
    save_pictures(folder / "pets", images, [f"pet {label}" for label in labels])
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        for path in sorted((folder / "pets").rglob("*.png")):
            archive.write(path, path.relative_to(folder))
            path.unlink()
    return Expected(images, [f"pet {label}" for label in labels])


@layout
def classes_500(folder: Path) -> Expected:
    images, labels = of_classes(500, 3, 12)
    write(folder / "t.csv", ["label", *pixels(144)], rows_of(images, labels))
    return Expected(images, list(map(str, labels)))


@layout
def words_last(folder: Path) -> Expected:
    images, labels = of_classes(46, 4, 16)
    names = [
        f"character_{label + 1:02}_x" if label < 36 else f"digit_{label - 36}" for label in labels
    ]
    write(folder / "data.csv", [*pixels(256, form="pixel_{:04}"), "character"],
          rows_of(images, names, last=True))  # fmt: skip
    return Expected(images, names)


@layout
def emnist(folder: Path) -> Expected:
    characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
    images, labels = of_classes(47, 8, 28)
    turned = images.transpose(0, 2, 1)
    write(folder / "emnist-balanced-train.csv", [], rows_of(turned[:300], labels[:300]))
    write(folder / "emnist-balanced-test.csv", [], rows_of(turned[300:], labels[300:]))
    lines = [f"{index} {ord(character)}\n" for index, character in enumerate(characters)]
    (folder / "emnist-balanced-mapping.txt").write_text("".join(lines))
    return Expected(images, [characters[label] for label in labels])


@layout
def extra_columns(folder: Path) -> Expected:
    rows = [[number, f"img_{number:05}.png", *row] for number, row in enumerate(rows_of(*of()))]
    write(folder / "t.csv", ["id", "filename", "label", *pixels()], rows)
    return together([of()])


@layout
def two_tables(folder: Path) -> Expected:
    """Fashion-MNIST's."""
    for part, data in zip(("train", "test"), both(), strict=True):
        write(folder / f"fashion-mnist_{part}.csv", ["label", *pixels(start=1)], rows_of(*data))
    return together(both())


@layout
def pixels_in_one_column(folder: Path) -> Expected:
    """FER2013's."""
    images, labels = of()
    images, labels = scaled(images, 24), [label % 7 for label in labels]
    usage = ["Training"] * 80 + ["PublicTest"] * 20 + ["PrivateTest"] * 20
    rows = [[label, " ".join(map(str, image.ravel())), use]
            for image, label, use in zip(images, labels, usage, strict=True)]  # fmt: skip
    write(folder / "fer2013.csv", ["emotion", "pixels", "Usage"], rows)
    return Expected(images, list(map(str, labels)))


@layout
def floats(folder: Path) -> Expected:
    images, labels = of()
    write(folder / "t.csv", ["label", *pixels()], rows_of((images / 255).round(8), labels))  # type: ignore[arg-type]
    return together([of()])


@layout
def label_last(folder: Path) -> Expected:
    """HAM10000's."""
    write(
        folder / "hmnist_28_28_L.csv",
        [*pixels(form="pixel{:04}"), "label"],
        rows_of(*of(), last=True),
    )
    return together([of()])


def png(image: Images) -> bytes:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    return content.getvalue()


@layout
def parquet(folder: Path) -> Expected:
    """Hugging Face's."""
    import pyarrow as pa  # noqa: PLC0415 (it is not always there)
    from pyarrow.parquet import write_table  # noqa: PLC0415

    names = str([f"digit {label}" for label in range(10)]).replace("'", '"')
    features = (
        f'{{"info": {{"features": {{"label": {{"names": {names}, "_type": "ClassLabel"}}}}}}}}'
    )
    for part, (images, labels) in zip(("train", "test"), both(), strict=True):
        structs = [{"bytes": png(image), "path": f"{n}.png"} for n, image in enumerate(images)]
        table = pa.table({"image": structs, "label": labels})
        described = table.replace_schema_metadata({"huggingface": features})
        write_table(described, folder / f"{part}-00000-of-00001.parquet")
    return together(both(), lambda label: f"digit {label}")


@layout
def imbalanced(folder: Path) -> Expected:
    images, labels = digits()
    numbers = np.array(labels)
    good, bad = images[numbers == 4][:97], images[numbers == 9][:3]
    both_kinds = np.concatenate([good, bad])
    names = ["good"] * len(good) + ["defect"] * len(bad)
    write(folder / "t.csv", ["label", *pixels()], rows_of(both_kinds, names))
    return Expected(both_kinds, names)


@layout
def index_of_pictures(folder: Path) -> Expected:
    images, labels = of()
    (folder / "images").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"images/{number:05}.png")
    rows = [[f"{number:05}.png", f"breed {label}"] for number, label in enumerate(labels)]
    write(folder / "train.csv", ["filename", "label"], rows)
    return Expected(images, [f"breed {label}" for label in labels])


@layout
def competition(folder: Path) -> Expected:
    """Kaggle's Digit Recognizer: a zip, and its test table has no labels."""
    write(folder / "train.csv", ["label", *pixels()], rows_of(*of()))
    write(folder / "test.csv", pixels(), [row[1:] for row in rows_of(*of(300, 20))])
    with zipfile.ZipFile(folder / "digit-recognizer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("train.csv", "test.csv"):
            archive.write(folder / name, name)
            (folder / name).unlink()
    return together([of()])


@layout
def another_labelled_table(folder: Path) -> Expected:
    """Kannada-MNIST's."""
    write(folder / "train.csv", ["label", *pixels()], rows_of(*of()))
    write(folder / "Dig-MNIST.csv", ["label", *pixels()], rows_of(*of(TRAIN, TEST)))
    write(folder / "test.csv", ["id", *pixels()], rows_of(of(300, 20)[0], range(20)))
    return together([of()])


@layout
def keras_npz(folder: Path) -> Expected:
    (a, b), (c, d) = both()
    np.savez(folder / "mnist.npz", x_train=a, y_train=b, x_test=c, y_test=d)
    return together(both())


@layout
def trailing_commas(folder: Path) -> Expected:
    rows = [[*row, ""] for row in rows_of(*of(), last=True)]
    write(folder / "t.csv", [*pixels(), "label", ""], rows)
    return together([of()])


@layout
def medmnist(folder: Path) -> Expected:
    arrays: dict[str, Any] = {}
    parts = []
    for name, start in (("train", 0), ("val", 200), ("test", 400)):
        images, labels = of(start, TRAIN if name == "train" else TEST)
        arrays[f"{name}_images"] = coloured(images, labels)
        arrays[f"{name}_labels"] = np.array(labels, np.uint8)[:, None]
        parts.append((arrays[f"{name}_images"], labels))
    np.savez_compressed(folder / "pathmnist.npz", **arrays)
    return together(parts)


@layout
def columns_by_row_and_column(folder: Path) -> Expected:
    header = ["label", *(f"{row}x{column}" for row in range(1, 29) for column in range(1, 29))]
    for part, data in zip(("train", "test"), both(), strict=True):
        write(folder / f"mnist_{part}.csv", header, rows_of(*data))
    return together(both())


@layout
def arff(folder: Path) -> Expected:
    attributes = "".join(f"@ATTRIBUTE {name} REAL\n" for name in pixels(start=1))
    rows = "".join(",".join(map(str, row)) + "\n" for row in rows_of(*of(), last=True))
    classes = "@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}\n\n@DATA\n"
    (folder / "mnist_784.arff").write_text(
        f"% digits\n@RELATION mnist\n{attributes}{classes}{rows}"
    )
    return together([of()])


@layout
def class_last(folder: Path) -> Expected:
    """OpenML's frame, written by pandas."""
    write(folder / "mnist_784.csv", [*pixels(start=1), "class"], rows_of(*of(), last=True))
    return together([of()])


@layout
def quoted(folder: Path) -> Expected:
    write(folder / "t.csv", ["label", *pixels()], rows_of(*of()), quoting=csv.QUOTE_ALL)
    return together([of()])


@layout
def rare_class(folder: Path) -> Expected:
    images, labels = of()
    numbers = np.array(labels)
    keep = (numbers != 9) | (np.cumsum(numbers == 9) <= 4)
    write(folder / "rare4.csv", ["label", *pixels()], rows_of(images[keep], numbers[keep].tolist()))
    return Expected(images[keep], list(map(str, numbers[keep].tolist())))


@layout
def colour_table(folder: Path) -> Expected:
    images, labels = of()
    images = coloured(scaled(images, 24), labels)
    write(folder / "t.csv", ["label", *pixels(24 * 24 * 3)], rows_of(images, labels))
    return Expected(images, list(map(str, labels)))


@layout
def colour_planes(folder: Path) -> Expected:
    images, labels = of()
    images = coloured(scaled(images, 24), labels)
    rows = rows_of(images.transpose(0, 3, 1, 2), labels)
    write(folder / "t.csv", ["label", *pixels(24 * 24 * 3)], rows)
    return Expected(images, list(map(str, labels)))


@layout
def semicolons(folder: Path) -> Expected:
    write(folder / "t.csv", ["label", *pixels()], rows_of(*of()), delimiter=";")
    return together([of()])


@layout
def tabs(folder: Path) -> Expected:
    write(folder / "t.tsv", ["label", *pixels()], rows_of(*of()), delimiter="\t")
    return together([of()])


def eight(folder: Path, index: bool, kind: type) -> Expected:
    """scikit-learn's 8×8 digits, from 0 to 16, as pandas writes them."""
    images, labels = of()
    levels = scaled(images, 8) // 16 + (scaled(images, 8) == 255)
    rows = [[*([number] if index else []), *(kind(value) for value in image.ravel()), label]
            for number, (image, label) in enumerate(zip(levels, labels, strict=True))]  # fmt: skip
    names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    write(folder / "digits.csv", [*([""] if index else []), *names, "target"], rows)
    return Expected(np.rint(levels * (255 / 16)).astype(np.uint8), list(map(str, labels)))


@layout
def eight_by_eight_with_an_index(folder: Path) -> Expected:
    return eight(folder, index=True, kind=float)


@layout
def eight_by_eight(folder: Path) -> Expected:
    return eight(folder, index=False, kind=float)


@layout
def eight_by_eight_as_integers(folder: Path) -> Expected:
    return eight(folder, index=False, kind=int)


@layout
def dark_on_light(folder: Path) -> Expected:
    images, labels = of()
    write(folder / "t.csv", ["label", *pixels()], rows_of(255 - images, labels))
    return together([of()])


@layout
def twenty_wide(folder: Path) -> Expected:
    """28×20, and not 20×28."""
    images, labels = of()
    images = images[:, :, 4:24]
    write(folder / "t.csv", ["label", *pixels(560)], rows_of(images, labels))
    return Expected(images, list(map(str, labels)))


@layout
def header_that_counts(folder: Path) -> Expected:
    """A frame without names, written by pandas."""
    write(folder / "t.csv", list(map(str, range(785))), rows_of(*of(), last=True))
    return together([of()])


@layout
def header_that_pandas_made_of_a_row(folder: Path) -> Expected:
    first, *rows = rows_of(*of())
    seen = Counter[int]()
    names = []
    for value in first:
        names.append(f"{value}.{seen[value]}" if seen[value] else f"{value}")
        seen[value] += 1
    write(folder / "t.csv", names, rows)
    return together([of(1, TRAIN - 1)])


@layout
def shards(folder: Path) -> Expected:
    rows = rows_of(*of())
    for number in range(3):
        some = rows[40 * number : 40 * number + 40]
        write(folder / f"train-{number}-of-3.csv", ["label", *pixels()], some)
    return together([of()])


@layout
def json_lines(folder: Path) -> Expected:
    """Hugging Face's folder of pictures."""
    images, labels = of()
    lines = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        Image.fromarray(image).save(folder / f"{number:03}.png")
        lines.append(json.dumps({"file_name": f"{number:03}.png", "label": label}) + "\n")
    (folder / "metadata.jsonl").write_text("".join(lines))
    return together([of()])


@layout
def svhn(folder: Path) -> Expected:
    images, labels = of()
    images = coloured(scaled(images, 32), labels)
    y = np.array([label or 10 for label in labels], np.uint8)[:, None]
    savemat(folder / "train_32x32.mat", {"X": images.transpose(1, 2, 3, 0), "y": y})
    return Expected(images, list(map(str, labels)))


@layout
def idx_files(folder: Path) -> Expected:
    """torchvision's MNIST/raw."""
    for part, (images, labels) in zip(("train", "t10k"), both(), strict=True):
        for name, values in (("images-idx3", images), ("labels-idx1", np.array(labels, np.uint8))):
            sizes = np.array(values.shape, ">u4").tobytes()
            content = bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()
            (folder / f"{part}-{name}-ubyte").write_bytes(content)
    return together(both())


@layout
def one_hot(folder: Path) -> Expected:
    """UCI's Semeion."""
    images, labels = of()
    black = scaled(images, 16) > 127
    hot = np.eye(10, dtype=int)[labels]
    rows = [[*(f"{value:.4f}" for value in image.ravel().astype(float)), *row]
            for image, row in zip(black, hot.tolist(), strict=True)]  # fmt: skip
    write(folder / "semeion.data", [], rows, delimiter=" ", lineterminator=" \n")
    return Expected(black.astype(np.uint8) * 255, list(map(str, labels)))


@layout
def one_hot_with_names_and_a_note(folder: Path) -> Expected:
    images, labels = of()
    small = scaled(images, 16)
    hot = np.eye(10, dtype=int)[labels].tolist()
    rows = [
        [f"scan {number}", *image.ravel().tolist(), *row]
        for number, (image, row) in enumerate(zip(small, hot, strict=True))
    ]
    names = ["scan", *pixels(256), *(f"class_{label}" for label in range(10))]
    write(folder / "t.csv", names, rows)
    (folder / "note.txt").write_text('Scanned by A. B., in "May\n')
    return Expected(small, list(map(str, labels)))


WORDS = [
    "cup, small",
    'the "best"',
    "Ключ",
    "日本",
    "naïve café",
    "no",
    "N/A",
    "3",
    "O'Neil",
    "a;b",
]


@layout
def words_of_all_scripts(folder: Path) -> Expected:
    images, labels = of()
    names = [WORDS[label] for label in labels]
    write(folder / "t.csv", ["label", *pixels()], rows_of(images, names))
    return Expected(images, names)


@layout
def saved_by_excel(folder: Path) -> Expected:
    images, labels = of()
    names = [WORDS[label] for label in labels]
    write(folder / "excel.csv", ["label", *pixels()], rows_of(images, names),
          encoding="utf-8-sig", lineterminator="\r\n")  # fmt: skip
    return Expected(images, names)


@layout
def hdf5(folder: Path) -> Expected:
    """USPS's."""
    parts = []
    with h5py.File(folder / "usps.h5", "w") as file:
        for part, (images, labels) in zip(("train", "test"), both(), strict=True):
            small = scaled(images, 16)
            file[f"{part}/data"] = (small.reshape(len(small), -1) / 255).astype("f4")
            file[f"{part}/target"] = np.array(labels, "i4")
            parts.append((small, labels))
    return together(parts)


@layout
def libsvm(folder: Path) -> Expected:
    lines = [
        " ".join(
            [str(row[0]), *(f"{place}:{value}" for place, value in enumerate(row[1:], 1) if value)]
        )
        for row in rows_of(*of())
    ]
    (folder / "mnist.scale").write_text("\n".join(lines) + "\n")
    return together([of()])


@layout
def cifar_binary(folder: Path) -> Expected:
    parts = []
    for name, (images, labels) in zip(("data_batch_1", "test_batch"), both(), strict=True):
        colours = coloured(scaled(images, 32), labels)
        planes = colours.transpose(0, 3, 1, 2).reshape(len(colours), -1)
        (folder / f"{name}.bin").write_bytes(
            np.column_stack([labels, planes]).astype(np.uint8).tobytes()
        )
        parts.append((colours, labels))
    (folder / "batches.meta.txt").write_text("".join(f"kind {label}\n" for label in range(10)))
    return together(parts, lambda label: f"kind {label}")


@refused(r"data_batch_1: a pickle, .*numpy.savez\(.* \(and 1 more files like it\)")
def cifar_pickle(folder: Path) -> None:
    images, labels = of()
    planes = coloured(scaled(images, 32), labels).transpose(0, 3, 1, 2).reshape(len(images), -1)
    path = folder / "cifar-10-batches-py/data_batch_1"
    path.parent.mkdir()
    path.write_bytes(pickle.dumps({b"data": planes, b"labels": labels}))
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(path.parent, path.parent.name)


@refused("pendigits.tra: 16 or 17 numbers a row: measurements, and no images")
def measurements(folder: Path) -> None:
    random = np.random.default_rng(0)
    lines = [
        ",".join(f"{value:3}" for value in random.integers(0, 101, 16)) + f", {n % 10}\n"
        for n in range(99)
    ]
    (folder / "pendigits.tra").write_text("".join(lines))


@refused("t.csv:2: rows end with a comma that the header has not")
def trailing_commas_of_rows_alone(folder: Path) -> None:
    write(folder / "t.csv", ["label", *pixels()], [[*row, ""] for row in rows_of(*of())])


@refused("t1.csv, t2.csv: which is it. They begin with the same row; name one")
def several_tables(folder: Path) -> None:
    for name in ("t1", "t2"):
        write(folder / f"{name}.csv", ["label", *pixels()], rows_of(*of()))


@refused("t.csv: column label: 1 different values in 120 rows; expected the labels of two classes")
def one_class(folder: Path) -> None:
    write(folder / "t.csv", ["label", *pixels()], rows_of(of()[0], [7] * TRAIN))


@refused("y.csv: of this file and x.csv one has a header, and one has none")
def header_of_labels_alone(folder: Path) -> None:
    write(folder / "x.csv", [], [row[1:] for row in rows_of(*of())])
    write(folder / "y.csv", ["label"], [[label] for label in of()[1]])


@refused("t.csv: a header, and no rows")
def no_rows(folder: Path) -> None:
    write(folder / "t.csv", ["label", *pixels()], [])


@refused("t.csv:52: column pixel29: nothing is not a number")
def missing_cell(folder: Path) -> None:
    rows = rows_of(*of())
    rows[50][30] = ""
    write(folder / "t.csv", ["label", *pixels()], rows)


@refused("data.npz/images: each channel by itself; save the images as N")
def flat_planes(folder: Path) -> None:
    images, labels = of()
    planes = coloured(scaled(images, 24), labels).transpose(0, 3, 1, 2)
    np.savez(folder / "data.npz", images=planes.reshape(TRAIN, -1), labels=labels)


@refused("pictures without a class; expected a folder for each class")
def pictures_without_classes(folder: Path) -> None:
    save_pictures(folder, of()[0][:20], ["photos"] * 20)


@refused("table.xlsx: a spreadsheet or a document; write it as a CSV: pandas.read_excel")
def spreadsheet(folder: Path) -> None:
    with zipfile.ZipFile(folder / "table.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")


@refused(r"t.csv: lines that end as on old Macs; convert it: tr '\\r' '\\n' < 't.csv' > table")
def old_mac(folder: Path) -> None:
    write(folder / "t.csv", ["label", *pixels()], rows_of(*of()))
    text = (folder / "t.csv").read_bytes()
    (folder / "t.csv").write_bytes(text.replace(b"\r\n", b"\r").replace(b"\n", b"\r"))


@refused("t.csv: text in UTF-16; convert it: iconv")
def utf_16(folder: Path) -> None:
    (folder / "t.csv").write_text("label,pixel0\n", encoding="utf-16")
