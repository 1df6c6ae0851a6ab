"""The form `libsvm`: a label, and the pixels that are not 0, each after its place."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from downloading.files import Files
from downloading.forms.form import Form, Paths, Rows, Span, Which, as_list, to_bytes
from shared.console import StageError
from shared.dataset import Description

_CELLS_AT_ONCE = 1 << 22


class LibsvmForm(Form):
    """Tables as those of LIBSVM's datasets (https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/).

    Attributes:
        train, test: the tables; a list is read as one table.
        range: the numbers for black and white, which become 0 and 255.
    """

    form: Literal["libsvm"]
    train: Paths
    test: Paths | None = None
    range: Span | None = None

    @property
    def has_test(self) -> bool:
        """Whether there is a test table."""
        return self.test is not None

    def read(self, which: Which, files: Files, entry: Description) -> Iterator[Rows]:
        """Yield the rows of a table, of which the values that are not 0 are in memory."""
        from sklearn.datasets import load_svmlight_file  # noqa: PLC0415 (it takes seconds)

        pixels = entry.image.pixels
        for path in as_list(getattr(self, which), files):
            with files.open(path) as file:
                try:
                    values, labels = load_svmlight_file(file, n_features=pixels, zero_based=False)
                except (ValueError, OverflowError) as error:
                    raise StageError(f"{files.place(path)}: {error}") from None
            texts = [f"{label:g}" for label in labels]
            step = max(1, _CELLS_AT_ONCE // pixels)
            for start in range(0, len(texts), step):
                end = min(start + step, len(texts))
                sources = [f"{path}:{row + 1}" for row in range(start, end)]
                dense = np.asarray(values[start:end].todense())
                yield Rows(to_bytes(dense, self.range, sources), texts[start:end], sources)
