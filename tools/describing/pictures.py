"""The forms `pictures` and `parquet`'s pictures: folders or an index, sides, and how they fit."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from describing.classes import is_group, rank_as_label
from describing.finding import Counts, Finding, Guess, Shape
from describing.parts import Part, part_of, part_of_path
from describing.sides import LEAST
from downloading.files import Files
from predicting.opening import SUFFIXES, read_picture
from predicting.pictures import as_image
from predicting.refusal import RefusedError
from shared.console import StageError

_LOOKED_AT = 300
_LARGEST = 128
_SIDES = (LEAST, 16, 32, 64)  # of pictures that are scaled
_TINT = 12  # levels by which channels differ in a picture that has colours


class Table(NamedTuple):
    """A table of pictures' files: its columns, and its rows as texts."""

    path: str
    names: list[str]
    rows: list[dict[str, str]]


def find_pictures(files: Files, pictures: list[str], tables: list[str]) -> Finding:
    """Return which pictures are of which class, by an index or by their folders."""
    odd = [path for path in pictures if not path.lower().endswith(SUFFIXES)]
    if len(odd) == len(pictures):
        raise StageError(
            f"{odd[0]}: a picture whose name does not end as a picture's ({', '.join(SUFFIXES)})"
        )
    for path in sorted(tables, key=lambda path: part_of_path(path) != "train"):
        finding = _by_index(files, pictures, path, tables)
        if finding:
            return finding
    return _by_folders(files, pictures)


def _by_folders(files: Files, pictures: list[str]) -> Finding:
    homes: dict[str, list[str]] = {}
    for path in pictures:
        homes.setdefault(PurePosixPath(path).parent.parent.as_posix(), []).append(path)
    flat = [path for path in pictures if len(PurePosixPath(path).parts) < 2]
    parts: dict[Part | None, list[str]] = {}
    for home in homes:
        parts.setdefault(part_of(PurePosixPath(home).name) or part_of_path(home), []).append(home)
    train = parts.get("train") or parts.get(None, [])
    test, validation = parts.get("test", []), parts.get("validation", [])
    if not test:
        test, validation = validation, []
    why = "is left out: preprocess draws a validation set from train"
    remarks = [f"{home} {why}" for home in validation]
    alone = [home for home in test if len({PurePosixPath(p).parent for p in homes[home]}) < 2]
    if alone:
        remarks.append(
            f"{alone[0]} has one folder, and no classes: it cannot test, and is left out"
        )
        test = []
    classes = {PurePosixPath(path).parent.name for home in train for path in homes[home]}
    if flat or not train or len(classes) < 2:
        where = pictures[0] if flat or not train else train[0]
        raise StageError(
            f"{where}: pictures without a class; expected a folder for each class (cats/1.jpg, "
            "dogs/2.jpg), or a table with the columns file and label beside them"
        )
    if len(train) > 1 or len(test) > 1:
        raise StageError(
            f"{', '.join(train if len(train) > 1 else test)}: several folders with folders of "
            "classes; name one: DATA=.../FOLDER (and a second to test on: --test)"
        )
    sample = [path for home in train for path in homes[home]]
    finding = describe_pictures("pictures", [_Opener(files, path) for path in _spread(sample)])
    finding.source = [
        Guess("train", train[0], "its folders are the classes"),
        *(Guess("test", home, "its name says so") for home in test),
    ]
    finding.train = _count(homes[train[0]])
    finding.test = _count(homes[test[0]]) if test else None
    finding.remarks = remarks
    return finding


def _count(paths: Iterable[str]) -> Counts:
    return dict(Counter(PurePosixPath(path).parent.name for path in paths))


def _by_index(files: Files, pictures: list[str], path: str, tables: list[str]) -> Finding | None:
    """Return what a table says of the pictures, or None if it does not list them."""
    table = _read(files, path)
    place = _place_of_files(table, pictures)
    if place is None:
        return None
    column, folder, suffix = place
    label = _label(table, column)
    if label is None:
        return None
    index = {"file": column, "label": label, "folder": folder, "suffix": suffix}
    groups = [name for name in table.names if is_group(name) and name not in (column, label)
              and len({row[name] for row in table.rows}) < len(table.rows)]  # fmt: skip
    if not folder:
        del index["folder"]
    if not suffix:
        del index["suffix"]
    why = f"{column}: the file, {label}: the class"
    if groups:
        index["group"] = groups[0]
        why += f", {groups[0]}: pictures of the same come into one split only"
    paths = [f"{PurePosixPath(folder, row[column])}{suffix}" for row in table.rows]
    finding = describe_pictures("pictures", [_Opener(files, path) for path in _spread(paths)])
    finding.source = [Guess("train", path), Guess("index", index, why)]
    finding.train = dict(Counter(row[label] for row in table.rows))
    for other in tables:
        if other == path or part_of_path(other) not in ("test", "validation"):
            continue
        found = _read(files, other)
        if label in found.names and _place_of_files(found, pictures) == place:
            finding.source.insert(1, Guess("test", other, "its name says so"))
            finding.test = dict(Counter(row[label] for row in found.rows))
            break
        finding.remarks.append(f"{other} has no labels of pictures, and is left out")
    return finding


def _read(files: Files, path: str) -> Table:
    """Return a CSV or JSON lines; empty where it is neither."""
    with files.open(path) as file:
        try:
            lines = file.read().decode("utf-8-sig").splitlines()
            if lines and lines[0].lstrip().startswith("{"):
                rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
            else:
                rows = list(csv.DictReader(lines))
        except (ValueError, csv.Error):
            return Table(path, [], [])
    names = [name for name in rows[0] if name] if rows else []
    return Table(path, names, [{name: str(row.get(name)) for name in names} for row in rows])


def _place_of_files(table: Table, pictures: list[str]) -> tuple[str, str, str] | None:
    """Return the column of files, the folder that they are in, and the ending that is left out."""
    known = set(pictures)
    endings = ["", *sorted({PurePosixPath(path).suffix for path in pictures})]
    folders = sorted(
        {parent.as_posix() for path in pictures for parent in PurePosixPath(path).parents}
    )
    for name in table.names:
        first = table.rows[0][name]
        for folder in folders:
            for ending in endings:
                if f"{PurePosixPath(folder, first)}{ending}" in known:
                    return name, "" if folder == "." else folder, ending
    return None


def _label(table: Table, column: str) -> str | None:
    def rank(name: str) -> tuple[int, int]:
        return rank_as_label(name), -len({row[name] for row in table.rows})

    most = max(2, len(table.rows) / 2)
    candidates = [
        name
        for name in table.names
        if name != column and not is_group(name) and 2 <= -rank(name)[1] <= most
    ]
    return max(candidates, key=rank) if candidates else None


class _Opener(NamedTuple):
    files: Files
    path: str

    def __call__(self) -> Image.Image:
        with self.files.open(self.path) as file:
            return read_picture(Path(self.path), file)


def _spread(paths: Sequence[str]) -> list[str]:
    return list(paths[:: max(1, len(paths) // _LOOKED_AT)])


def describe_pictures(form: str, openers: Sequence[Any]) -> Finding:
    """Return the sides, colours and fit of pictures, of which some are opened."""
    pictures = []
    for opener in openers:
        try:
            pictures.append(opener())
        except RefusedError:
            continue  # download lists all broken ones
    if not pictures:
        raise StageError(f"{openers[0].path}: none of the pictures can be read")
    channels = 3 if any(map(_has_colour, pictures)) else 1
    sizes = {picture.size for picture in pictures}
    shape, fit, why = _shape(sizes, channels)
    sample = np.stack(
        [as_image(picture, Path("sample"), (shape.height, shape.width, channels), fit)
         for picture in pictures]
    )  # fmt: skip
    colours = "in colour" if channels == 3 else "grey"
    finding = Finding(form, [], sample, {})
    finding.shape = Guess("image", shape, f"{why[0]}, {colours}")
    finding.top = [Guess("fit", fit, why[1])]
    return finding


def _has_colour(picture: Image.Image) -> bool:
    if picture.mode in ("1", "L", "I", "F", "LA") or picture.mode.startswith("I;16"):
        return False
    levels = np.asarray(picture.convert("RGB").resize((32, 32))).astype(int)
    return bool((np.ptp(levels, axis=2) > _TINT).mean() > 0.02)


def _shape(sizes: set[tuple[int, int]], channels: int) -> tuple[Shape, str, tuple[str, str]]:
    """Return the model's sides, the fit, and the reason of each."""
    widths, heights = ([size[place] for size in sizes] for place in (0, 1))
    if len(sizes) == 1 and min(*widths, *heights) >= LEAST and max(*widths, *heights) <= _LARGEST:
        reasons = ("the pictures' sides", "all have these sides, and stay as they are")
        return Shape(heights[0], widths[0], channels), "stretch", reasons
    usual = max(LEAST, median([*widths, *heights]))
    side = max(side for side in _SIDES if side <= usual)
    told = f"{min(widths)}×{min(heights)} to {max(widths)}×{max(heights)} (width×height)"
    if len({round(width / height, 2) for width, height in sizes}) > 1:
        reasons = (f"pictures of {told}", "proportions stay, and the edge's colour fills up")
        return Shape(side, side, channels), "pad", reasons
    scale = side / max(widths[0], heights[0])
    height, width = (max(LEAST, round(scale * length[0])) for length in (heights, widths))
    reasons = (f"pictures of {told}", "all have the same proportions")
    return Shape(height, width, channels), "stretch", reasons
