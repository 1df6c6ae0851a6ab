"""The form `csv`: tables of text, a row an image."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, StrictInt

from downloading.files import Files
from downloading.forms.form import Form, Paths, Rows, Span, Which, as_list, to_bytes
from downloading.sources import Part
from shared.console import StageError
from shared.dataset import Description

Column = str | StrictInt
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
                table = _Columns(self, entry, columns, place)
                how = {"chunksize": max(1, _CELLS_AT_ONCE // len(columns)), "dtype": table.texts}
                chunks = self._read(file, place, entry, names=names, **how)
                for chunk in _guarded(chunks, place):
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


class _Columns:
    """Which columns of a table are what, and its rows read by that."""

    def __init__(self, form: CsvForm, entry: Description, columns: list[Any], place: str) -> None:
        self._form, self._entry, self._columns, self._place = form, entry, columns, place
        self._split = self._find(form.split.column) if form.split else None
        self._group = self._find(form.group)
        self._text = self._find(form.pixels)
        ignored = [self._find(column) for column in form.ignore]
        left = [name for name in columns if name not in (*ignored, self._split, self._group)]
        self._one_hot = left[len(left) - form.one_hot :] if form.one_hot else []
        self._label = None
        if not form.labels and not form.one_hot:
            end = {"first": left[0], "last": left[-1]}.get(entry.label)
            self._label = self._find(entry.label) if end is None else end
        self._pixels = [name for name in left if name not in (self._label, *self._one_hot)]
        texts = (*ignored, self._split, self._group, self._label, self._text)
        self.texts = dict.fromkeys((name for name in texts if name is not None), str)
        if self._text is None and len(self._pixels) != entry.image.pixels:
            raise StageError(
                f"{place}: {len(self._pixels):,} columns are left for the pixels; expected "
                f"{entry.image.pixels:,}, as `image` in the dataset's entry says. `ignore` there "
                "names columns that are neither label nor pixels"
            )

    def _find(self, column: Column | None) -> Any:
        """Return what pandas calls a column. Raises StageError where there is none."""
        if column is None or (isinstance(column, str) and column in self._columns):
            return column
        if column == "":  # to which pandas gives a name
            unnamed = [name for name in self._columns if f"{name}".startswith("Unnamed: ")]
            if len(unnamed) == 1:
                return unnamed[0]
        if isinstance(column, int) and 1 <= column <= len(self._columns):
            return self._columns[column - 1]
        ends = f"{self._columns[0]}, … {self._columns[-1]}"
        raise StageError(f"{self._place}: no column {column!r} among {ends}")

    def rows(
        self, chunk: pd.DataFrame, first: int, path: str, labels: Iterator[str] | None
    ) -> Rows:
        """Return all rows of a chunk, of which the first has that number in its file."""
        sources = [f"{path}:{number}" for number in range(first, first + len(chunk))]
        if self._text is None:
            values = self._numbers(chunk[self._pixels], first)
        else:
            values = self._from_text(chunk[self._text], first)
        pixels = to_bytes(values, self._form.range, sources)
        if self._form.planes:
            rows, columns, channels = self._entry.stored_shape
            pixels = np.moveaxis(pixels.reshape(-1, channels, rows, columns), 1, -1)
        groups = None if self._group is None else chunk[self._group].astype(str).tolist()
        return Rows(pixels, self._labels(chunk, labels, sources), sources, groups)

    def where(self, rows: Rows, chunk: pd.DataFrame, wanted: tuple[str, ...]) -> Rows:
        """Return the rows whose split is a wanted one."""
        picked = chunk[self._split].isin(wanted).to_numpy()
        if picked.all():
            return rows
        places = np.flatnonzero(picked)
        lists = (rows.labels, rows.sources, rows.groups)
        texts = [None if texts is None else [texts[place] for place in places] for texts in lists]
        return Rows(rows.images[picked], *texts)  # type: ignore[arg-type]

    def _labels(
        self, chunk: pd.DataFrame, labels: Iterator[str] | None, sources: list[str]
    ) -> list[str]:
        if labels is not None:
            found = [label for _, label in zip(sources, labels, strict=False)]
            if len(found) < len(sources):
                raise StageError(f"{sources[len(found)]}: no label in the file of labels")
            return found
        if self._one_hot:
            values = chunk[self._one_hot].to_numpy(np.float64)
            wrong = np.flatnonzero((values != 0).sum(axis=1) != 1)
            if wrong.size:
                raise StageError(
                    f"{sources[wrong[0]]}: not one of the last {len(self._one_hot)} columns is 1; "
                    "expected exactly one"
                )
            return [str(place) for place in values.argmax(axis=1)]
        return [str(label).strip() for label in chunk[self._label].fillna("")]

    def _numbers(self, pixels: pd.DataFrame, first: int) -> npt.NDArray[np.float64]:
        try:
            values = pixels.to_numpy(np.float64)
        except ValueError:
            values = pixels.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
        for row, column in np.argwhere(np.isnan(values))[:1]:
            found, name = pixels.to_numpy(object)[row, column], pixels.columns[column]
            told = repr(found) if isinstance(found, str) else "nothing"
            column_name = repr(name) if isinstance(name, str) else f"{name + 1}"
            place = f"{self._place}:{first + row}: column {column_name}"
            raise StageError(f"{place}: {told} is not a number")
        return values

    def _from_text(self, texts: pd.Series, first: int) -> npt.NDArray[np.float64]:
        values = np.empty((len(texts), self._entry.image.pixels))
        for row, text in enumerate(texts):
            try:
                values[row] = np.array(text.split(), np.float64).reshape(values.shape[1])
            except (ValueError, AttributeError):  # of AttributeError, no text at all
                expected = f"{self._entry.image.pixels:,} numbers between blanks"
                raise StageError(f"{self._place}:{first + row}: not {expected}") from None
        return values


def _guarded(chunks: Iterator[pd.DataFrame], place: str) -> Iterator[pd.DataFrame]:
    while True:
        with _told(place):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


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
