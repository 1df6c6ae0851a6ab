"""A person's own files, in any form, as what preprocess reads."""

import csv
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from downloading.files import Files
from downloading.forms.csv_form import CsvForm
from downloading.forms.form import Form, Rows, Which
from shared.console import StageError
from shared.dataset import Description
from shared.idx import INTEGERS, UNSIGNED_BYTES, IdxWriter

_FAULTS_SHOWN = 20


def write_own(form: Form, which: Which, files: Files, entry: Description, folder: Path) -> None:
    """Write a table into the folder: a plain CSV as it is, another as IDX.

    Raises StageError for what cannot be read, and for labels that the entry does not know.
    """
    if which == "test" and not form.has_test:
        (folder / "table.csv").touch()
    elif isinstance(form, CsvForm) and form.plain:
        path = getattr(form, which)
        with files.open(path) as source, (folder / "table.csv").open("wb") as target:
            shutil.copyfileobj(source, target)
    else:
        write_rows(form.read(which, files, entry), entry, folder)


def write_rows(chunks: Iterable[Rows], entry: Description, folder: Path) -> None:
    """Write images.idx (uint8), labels.idx (class indices) and sources.csv into the folder.

    Images are as they are stored: preprocess puts transposed and inverted ones right.
    """
    classes = {label: index for index, label in enumerate(entry.classes)}
    faults: list[str] = []
    count = 0
    with ExitStack() as stack:
        images = stack.enter_context(IdxWriter(folder / "images.idx", UNSIGNED_BYTES))
        labels = stack.enter_context(IdxWriter(folder / "labels.idx", INTEGERS))
        text = (folder / "sources.csv").open("w", encoding="utf-8", newline="")
        sources = csv.writer(stack.enter_context(text), lineterminator="\n")
        for rows in chunks:
            if not count:
                sources.writerow(["source"] if rows.groups is None else ["source", "group"])
            faults += [
                f"{source}: {label!r} is not a known label"
                for source, label in zip(rows.sources, rows.labels, strict=True)
                if label not in classes
            ]
            if not faults:
                images.write(_shaped(rows, entry))
                labels.write(np.array([classes[label] for label in rows.labels], np.int32))
                columns = [rows.sources] if rows.groups is None else [rows.sources, rows.groups]
                sources.writerows(zip(*columns, strict=True))
            count += len(rows.labels)
    if faults:
        more = len(faults) - _FAULTS_SHOWN
        known = ", ".join(list(entry.classes)[:_FAULTS_SHOWN])
        raise StageError(
            "\n".join(
                faults[:_FAULTS_SHOWN]
                + ([f"and {more:,} more"] if more > 0 else [])
                + [f"`classes` in the dataset's entry has {known}"]
            )
        )


def _shaped(rows: Rows, entry: Description) -> np.ndarray:
    stored = entry.stored_shape
    images = rows.images
    if images.ndim == 2 and images.shape[1] == entry.image.pixels:
        images = images.reshape(-1, *stored)
    if images.ndim == 3:
        images = images[..., None]
    if images.shape[1:] != stored:
        raise StageError(
            f"{rows.sources[0]}: images of {'×'.join(map(str, images.shape[1:]))}; expected "
            f"{'×'.join(map(str, stored))} (height, width, channels), as `image` in the "
            "dataset's entry says"
        )
    return images
