"""What a row means: its label's class and its image."""

from collections.abc import Sequence

import numpy as np

from preprocessing.fields import FAULTS_SHOWN, VALUES, RowError, cut_line, shown, without_quotes
from preprocessing.pixels import parse_pixels
from shared.dataset import Dataset, Images, Split

_LABELS_NAMED = 20


class Layout:
    """The layout of a table's rows, of which the label stands in `label_column`, from 0.

    `parse` defines what a row is; `parse_fast` does the same for many at once.
    """

    def __init__(self, dataset: Dataset, label_column: int) -> None:
        image = dataset.image
        self.columns = image.pixels + 1
        self._label_column = label_column
        # A label is split off from the nearer end of its line, and is then at this place.
        from_left, from_right = label_column + 1, self.columns - label_column
        self._cut, self._cuts, self._place = (
            (bytes.split, from_left, label_column)
            if from_left < from_right
            else (bytes.rsplit, from_right, 1)
        )
        self._classes = {label.encode(): index for index, label in enumerate(dataset.classes)}
        # As a row spells them. Those that hold a comma or a quote are left to `parse`.
        bare = {text: index for text, index in self._classes.items() if not set(text) & set(b',"')}
        self._spellings = bare | {b'"%b"' % text: index for text, index in bare.items()}
        self._label_type = np.min_scalar_type(len(self._classes) - 1)
        self._dataset = dataset

    def parse(self, line: bytes) -> tuple[int, list[int]]:
        """Return the row's class index and pixels. Raises RowError with all that is wrong."""
        fields = cut_line(line, self.columns)
        label = fields.pop(self._label_column)
        wrong = [index for index, field in enumerate(fields) if field not in VALUES]
        faults = [
            (
                index + 1 + (index >= self._label_column),
                f"{shown(fields[index])} is not a pixel value (0 to 255)",
            )
            for index in wrong[:FAULTS_SHOWN]
        ]
        if label not in self._classes:
            message = f"{shown(label)} is not a known label ({self._known_labels()})"
            faults.append((self._label_column + 1, message))
        if faults:
            raise RowError(*sorted(faults), count=len(wrong) + (label not in self._classes))
        return self._classes[label], [VALUES[field] for field in fields]

    def parse_fast(self, block: bytes) -> Split | None:
        """Return the rows of whole lines, or None where any needs `parse` to be read or refused."""
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
            if b"\r" in block:
                return None
        lines = block.split(b"\n")[:-1]
        if b'"' in block:
            lines = [without_quotes(line) for line in lines]
        labels, pixels = [], []
        for line in lines:
            fields = self._cut(line, b",", self._cuts)
            if len(fields) <= self._place:
                return None
            labels.append(self._spellings.get(fields.pop(self._place), -1))
            pixels.append(b",".join(fields))
        values = parse_pixels(b"\n".join([*pixels, b""]), self.columns - 1)
        return None if values is None or -1 in labels else self.to_split(values, labels)

    def to_split(self, pixels: Images, labels: Sequence[int]) -> Split:
        """Return pixels [N, pixels of an image], as they are stored, and class indices [N]."""
        images = self._dataset.put_right(pixels.reshape(-1, *self._dataset.stored_shape))
        return Split(images, np.array(labels, self._label_type))

    def _known_labels(self) -> str:
        labels = [label.decode() for label in self._classes]
        more = len(labels) - _LABELS_NAMED
        return ", ".join(labels[:_LABELS_NAMED]) + (f" and {more} more" if more > 0 else "")
