"""The form `cifar`: CIFAR's binary version, records of labels and planes of pixels."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from downloading.files import Files
from downloading.forms.form import Form, Paths, Rows, Which, as_list
from shared.console import StageError
from shared.dataset import Description

_BYTES_AT_ONCE = 1 << 22


class CifarForm(Form):
    """Records as https://www.cs.toronto.edu/~kriz/cifar.html describes them.

    Attributes:
        train, test: the files; a list is read as one table.
        label_bytes: bytes before an image; the last is its label (CIFAR-100 has 2).
    """

    form: Literal["cifar"]
    train: Paths
    test: Paths | None = None
    label_bytes: Literal[1, 2] = 1

    @property
    def has_test(self) -> bool:
        """Whether there are files to test on."""
        return self.test is not None

    @property
    def layout(self) -> dict[str, Any]:
        """What predict.py has to know of the records."""
        return {"label_bytes": self.label_bytes}

    def read(self, which: Which, files: Files, entry: Description) -> Iterator[Rows]:
        """Yield the records of a table in chunks."""
        rows, columns, channels = entry.stored_shape
        size = self.label_bytes + entry.image.pixels
        for path in as_list(getattr(self, which), files):
            start = 0
            with files.open(path) as file:
                while content := file.read(_BYTES_AT_ONCE // size * size):
                    if len(content) % size:
                        raise StageError(
                            f"{files.place(path)}: ends within a record of {size:,} bytes; see "
                            "`image` and `label_bytes` in the dataset's entry"
                        )
                    records = np.frombuffer(content, np.uint8).reshape(-1, size)
                    images = records[:, self.label_bytes :].reshape(-1, channels, rows, columns)
                    labels = [str(label) for label in records[:, self.label_bytes - 1]]
                    end = start + len(labels)
                    sources = [f"{path}[{number}]" for number in range(start, end)]
                    yield Rows(
                        np.moveaxis(images, 1, -1), [str(label) for label in labels], sources
                    )
                    start = end
