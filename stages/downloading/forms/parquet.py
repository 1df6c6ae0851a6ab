"""The form `parquet`: Hugging Face's pictures in a column, or a column a pixel."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from downloading.files import Files
from downloading.forms.form import Form, Paths, Rows, Span, Which, as_list, to_bytes
from predicting.opening import read_picture
from predicting.pictures import as_image
from predicting.refusal import RefusedError
from shared.console import StageError
from shared.dataset import Description, Images

_ROWS_AT_ONCE = 512


class ParquetForm(Form):
    """Tables in Apache Parquet; they need pyarrow (requirements-parquet.txt).

    Attributes:
        train, test: the tables; a list is read as one table.
        label: the column of the labels.
        image: the column of the pictures, as they are in a file; without it, all other columns are
            the pixels.
        range: the numbers for black and white, which become 0 and 255.
    """

    form: Literal["parquet"]
    train: Paths
    test: Paths | None = None
    label: str
    image: str | None = None
    range: Span | None = None

    @property
    def has_test(self) -> bool:
        """Whether there is a table to test on."""
        return self.test is not None

    def read(self, which: Which, files: Files, entry: Description) -> Iterator[Rows]:
        """Yield the rows of a table in chunks."""
        try:
            from pyarrow import ArrowException  # noqa: PLC0415 (it is not always installed)
            from pyarrow.parquet import ParquetFile  # noqa: PLC0415
        except ModuleNotFoundError:
            cure = "pip install -r requirements-parquet.txt"
            raise StageError(f"a Parquet table needs pyarrow: {cure}") from None
        for path in as_list(getattr(self, which), files):
            place = files.place(path)
            with files.open(path) as file:
                try:
                    table = ParquetFile(file)
                    start = 0
                    for batch in table.iter_batches(_ROWS_AT_ONCE):
                        names = batch.schema.names
                        for name in (self.label, self.image):
                            if name is not None and name not in names:
                                there = ", ".join(names[:9])
                                raise StageError(f"{place}: no column {name!r}; there are {there}")
                        sources = [f"{path}[{start + n}]" for n in range(len(batch))]
                        start += len(batch)
                        labels = [str(label) for label in batch.column(self.label).to_pylist()]
                        if self.image is None:
                            columns = [batch.column(name) for name in names if name != self.label]
                            values = np.column_stack([column.to_numpy() for column in columns])
                            yield Rows(to_bytes(values, self.range, sources), labels, sources)
                        else:
                            pictures = batch.column(self.image).to_pylist()
                            yield Rows(_decoded(pictures, sources, entry), labels, sources)
                except ArrowException as error:
                    raise StageError(f"{place}: {error}") from None


def _decoded(pictures: list[Any], sources: list[str], entry: Description) -> Images:
    """Return pictures, as bytes or as Hugging Face's {bytes, path}, as the model takes them."""
    shape = (entry.image.height, entry.image.width, entry.image.channels)
    images = []
    for picture, source in zip(pictures, sources, strict=True):
        content = picture["bytes"] if isinstance(picture, dict) else picture
        place = Path(source)
        try:
            opened = read_picture(place, io.BytesIO(content))
            images.append(as_image(opened, place, shape, entry.fitting))
        except RefusedError as error:
            raise StageError(str(error)) from None
    return np.stack(images)
