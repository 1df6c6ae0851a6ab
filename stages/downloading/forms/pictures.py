"""The form `pictures`: a folder a class, or an index of files and labels."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from downloading.files import Files
from downloading.forms.form import Form, Rows, Which
from downloading.sources import Part
from predicting.opening import SUFFIXES, read_picture
from predicting.pictures import as_image
from predicting.refusal import RefusedError
from shared.console import StageError, log
from shared.dataset import Description

_BYTES_AT_ONCE = 1 << 22
_SHOWN = 20


class Index(Part):
    """How a table of files is laid out, a CSV with a header or JSON lines.

    Attributes:
        file, label: the columns of the file's name and of its label.
        folder: where the files are.
        suffix: what is left out of the files' names.
        group: a column; pictures with the same value there are never in two splits.
    """

    file: str
    label: str
    folder: str = "."
    suffix: str = ""
    group: str | None = None


class PicturesForm(Form):
    """Pictures in any format that predict.py reads, in the order of their paths.

    Attributes:
        train, test: a folder with a folder a class; with an `index`, its tables.
    """

    form: Literal["pictures"]
    train: str
    test: str | None = None
    index: Index | None = None

    @property
    def has_test(self) -> bool:
        """Whether there are pictures to test on."""
        return self.test is not None

    @property
    def layout(self) -> dict[str, Any]:
        """What predict.py has to know of the pictures' names."""
        return {"suffix": self.index.suffix} if self.index and self.index.suffix else {}

    def read(self, which: Which, files: Files, entry: Description) -> Iterator[Rows]:
        """Yield the pictures, as the model takes them. Raises StageError with all broken ones."""
        start: str = getattr(self, which)
        found = _listed(self.index, start, files) if self.index else _in_folders(start, files)
        shape = (entry.image.height, entry.image.width, entry.image.channels)
        step = max(1, _BYTES_AT_ONCE // entry.image.pixels)
        broken = []
        for at in range(0, len(found), step):
            images = []
            for path, _, _ in found[at : at + step]:
                try:
                    with files.open(path) as file:
                        place = Path(files.place(path))
                        images.append(
                            as_image(read_picture(place, file), place, shape, entry.fitting)
                        )
                except RefusedError as error:
                    broken.append(str(error))
            if not broken:
                paths, labels, groups = map(list, zip(*found[at : at + step], strict=True))
                with_groups = self.index is not None and self.index.group is not None
                yield Rows(np.stack(images), labels, paths, groups if with_groups else None)
        if broken:
            more = [f"and {len(broken) - _SHOWN:,} more"] if len(broken) > _SHOWN else []
            raise StageError("\n".join([*broken[:_SHOWN], *more]))


def _in_folders(start: str, files: Files) -> list[tuple[str, str, str]]:
    """Return path, label and no group of each picture: its label is its folder's name."""
    names = files.names(start)
    pictures = [name for name in names if name.lower().endswith(SUFFIXES)]
    others = sorted(set(names).difference(pictures))
    if others:
        log.warning("%s: no pictures, left out: %s", files.place(start), _few(others))
    if not pictures:
        raise StageError(f"{files.place(start)}: no picture in a folder of its class")
    return [(name, PurePosixPath(name).parent.name, "") for name in pictures]


def _listed(index: Index, table: str, files: Files) -> list[tuple[str, str, str]]:
    """Return path, label and group of each picture that the table lists."""
    place = files.place(table)
    rows: list[dict[str, Any]]
    with files.open(table) as file:
        content = file.read()
    try:
        lines = content.decode("utf-8-sig").splitlines()
        if lines and lines[0].startswith("{"):
            rows = [dict(json.loads(line)) for line in lines if line.strip()]
        else:
            rows = list(csv.DictReader(lines))
    except (ValueError, TypeError, csv.Error) as error:
        raise StageError(f"{place}: neither CSV nor JSON lines in UTF-8: {error}") from None
    if not rows:
        raise StageError(f"{place}: lists no picture")
    for column in filter(None, (index.file, index.label, index.group)):
        if column not in rows[0]:
            raise StageError(f"{place}: no column {column!r}; there are {', '.join(rows[0])}")
        for number, row in enumerate(rows, 1):
            if row.get(column) is None:
                raise StageError(f"{place}: row {number}: nothing in column {column!r}")
    found = [
        (
            f"{PurePosixPath(index.folder, row[index.file])}{index.suffix}",
            str(row[index.label]),
            str(row[index.group]) if index.group else "",
        )
        for row in rows
    ]
    absent = [path for path, _, _ in found if not files.is_file(path)]
    if absent:
        raise StageError(f"{place}: lists what is not there: {_few(absent)}")
    return sorted(found)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
