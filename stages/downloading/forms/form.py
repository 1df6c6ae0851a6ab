"""What every form of data has in common."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from downloading.files import Files
from downloading.sources import Part
from shared.dataset import Description, Images

Which = Literal["train", "test"]
Paths = str | list[str]


class Rows(NamedTuple):
    """Some rows of a table, as their source has them.

    Attributes:
        images: uint8 [n, height, width, channels], [n, height, width] or [n, pixels].
        labels: the texts that the entry's `classes` map to names [n].
        sources: the file or the row that each image came from [n].
        groups: what must not be in two splits, as patients [n], where the entry names it.
    """

    images: Images
    labels: list[str]
    sources: list[str]
    groups: list[str] | None = None


class Form(Part):
    """A person's own files in one form; they lie below datasets/NAME/data."""

    kind: Literal["own"]

    @property
    def has_test(self) -> bool:
        """Whether there is a test table."""
        raise NotImplementedError

    def read(self, which: Which, files: Files, entry: Description) -> Iterator[Rows]:
        """Yield the rows of a table in chunks, so that memory does not grow with it.

        Raises StageError, with its place, for what cannot be read.
        """
        raise NotImplementedError
