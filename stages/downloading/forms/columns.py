"""Which columns of a table of text are what, and its rows read by that."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import StrictInt

from downloading.forms.form import Rows, to_bytes
from shared.console import StageError
from shared.dataset import Description

if TYPE_CHECKING:
    from downloading.forms.csv_form import CsvForm

Column = str | StrictInt


class Columns:
    """Which columns of a table are what, and its rows read by that."""

    def __init__(self, form: "CsvForm", entry: Description, columns: list[Any], place: str) -> None:
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
