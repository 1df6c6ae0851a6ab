"""The form `csv`: tables of text, a row an image."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, Literal

import pandas as pd
from pydantic import Field

from downloading.files import Files
from downloading.forms.columns import Column, Columns
from downloading.forms.form import Form, Paths, Rows, Span, Which, as_list, guarded
from downloading.sources import Part
from shared.console import StageError
from shared.dataset import Description

_CELLS_AT_ONCE = 1 << 21


class SplitColumn(Part):
    """A column that tells which rows train, and which test; rows of other values are left out."""

    column: Column
    train: tuple[str, ...]
    test: tuple[str, ...] = ()


class LabelFiles(Part):
    """Files beside the tables, with a label a line."""

    train: str
    test: str | None = None


class CsvForm(Form):
    """Tables of text.

    Preprocess itself reads a plain table: a label and pixels, between commas. All else is read
    here, by pandas. Columns go by their names or, counted from 1, by their places.

    Attributes:
        train, test: the tables; a list is read as one table.
        separator: what stands between the columns; a blank for one or more of them.
        ignore: columns that are neither label nor pixels.
        pixels: a column that holds all pixels, with blanks between.
        one_hot: so many columns at the end are 0 but for one, whose place, from 0, is the label.
        range: the numbers for black and white, which become 0 and 255.
        split: the column that tells training and test rows apart.
        labels: where the labels are, if the table has pixels alone.
        planes: whether all of a channel's pixels come before the next channel's.
        group: a column; rows with the same value there are never in two splits.
    """

    form: Literal["csv"]
    train: Paths
    test: Paths | None = None
    separator: Literal[",", ";", "\t", " "] = ","
    ignore: tuple[Column, ...] = ()
    pixels: Column | None = None
    one_hot: int | None = Field(default=None, ge=2, strict=True)
    range: Span | None = None
    split: SplitColumn | None = None
    labels: LabelFiles | None = None
    planes: bool = False
    group: Column | None = None

    @property
    def has_test(self) -> bool:
        """Whether there is a test table, or a column that tells which rows are one."""
        return self.test is not None or bool(self.split and self.split.test)

    @property
    def plain(self) -> bool:
        """Whether it is a file a table, as preprocess reads it."""
        special = self.model_dump(exclude={"train", "test"}, exclude_defaults=True)
        one_each = all(
            isinstance(path, str) and "*" not in path for path in (self.train, self.test or "")
        )
        return one_each and special.keys() <= {"kind", "form"}

    @property
    def layout(self) -> dict[str, Any]:
        """What predict.py has to know of the tables; what is as usual is left out."""
        split = self.split.column if self.split else None
        ignored = [name for name in (*self.ignore, split, self.group) if name is not None]
        return (
            super().layout
            | ({"ignore": ignored} if ignored else {})
            | ({"labels": False} if self.labels else {})
        )

    def read(self, which: Which, files: Files, entry: Description) -> Iterator[Rows]:
        """Yield the rows of a table, in chunks of whole rows."""
        paths = self.train if which == "train" or self.test is None else self.test
        labels = self._read_labels(which, files, entry) if self.labels else None
        for path in as_list(paths, files):
            place = files.place(path)
            with files.open(path) as file:
                names, lines = self.start(file, place)
                number = 1 + (lines or entry.header)
                data = file.tell()
                columns = list(self._read(file, place, entry, names=names, nrows=1).columns)
                file.seek(data)
                table = Columns(self, entry, columns, place)
                how = {"chunksize": max(1, _CELLS_AT_ONCE // len(columns)), "dtype": table.texts}
                chunks = self._read(file, place, entry, names=names, **how)
                for chunk in guarded(chunks, partial(_told, place)):
                    rows = table.rows(chunk, number, path, labels)
                    number += len(chunk)
                    if self.split:
                        wanted = getattr(self.split, which)
                        rows = table.where(rows, chunk, wanted)
                    if rows.labels:
                        yield rows
        if labels and next(labels, None) is not None:
            raise StageError(f"{files.place(getattr(self.labels, which))}: more labels than rows")

    def start(self, _: IO[bytes], __: str, /) -> tuple[list[str] | None, int]:
        """Return the columns' names that stand above a table, and how many lines that takes."""
        return None, 0

    def _read_labels(self, which: Which, files: Files, entry: Description) -> Iterator[str]:
        path = getattr(self.labels, which)
        if path is None:
            raise StageError(f"the dataset's entry: source.labels.{which}: missing")
        with files.open(path) as file:
            lines = (line.decode("utf-8-sig").strip().strip('"') for line in file)
            if entry.header:
                next(lines)
            yield from lines

    def _read(
        self, file: IO[bytes], place: str, entry: Description, names: list[str] | None, **how: Any
    ) -> Any:
        with _told(place):
            return pd.read_csv(
                file,
                sep=r"\s+" if self.separator == " " else self.separator,
                header=0 if entry.header and names is None else None,
                names=names,
                index_col=False,
                keep_default_na=False,
                na_values=[""],
                skipinitialspace=True,
                skip_blank_lines=False,
                encoding="utf-8-sig",
                low_memory=False,
                **how,
            )


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Raise StageError for what pandas raises, or warns of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield
    except UnicodeDecodeError as error:
        raise StageError(f"{place}: not UTF-8: {error.reason}") from None
    except (ValueError, pd.errors.ParserWarning) as error:  # of which ParserError is one
        raise StageError(f"{place}: {str(error).strip()}") from None
