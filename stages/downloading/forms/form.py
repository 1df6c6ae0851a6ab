"""What every form of data has in common."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, FiniteFloat

from downloading.files import Files
from downloading.sources import Part
from predicting.dataset import Layout
from predicting.scaling import to_bytes as scaled_to_bytes
from shared.console import StageError
from shared.dataset import Description, Images

Chunk = TypeVar("Chunk")
Which = Literal["train", "test"]
Paths = str | tuple[str, ...]


def _differ(span: tuple[float, float]) -> tuple[float, float]:
    if span[0] == span[1]:
        raise ValueError("must be two different numbers")
    return span


Span = Annotated[tuple[FiniteFloat, FiniteFloat], AfterValidator(_differ)]


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

    @property
    def layout(self) -> dict[str, Any]:
        """What predict.py has to know of the files; what is as usual is left out."""
        return self.model_dump(include=set(Layout._fields), exclude_defaults=True)

    def read(self, which: Which, files: Files, entry: Description) -> Iterator[Rows]:
        """Yield the rows of a table in chunks, so that memory does not grow with it.

        Raises StageError, with its place, for what cannot be read.
        """
        raise NotImplementedError


def as_list(paths: Paths, files: Files) -> list[str]:
    """Return the paths, with a pattern's matches in its place. Raises StageError where none is."""
    found = []
    for path in [paths] if isinstance(paths, str) else paths:
        matches = files.names(path) if "*" in path else [path]
        if not matches:
            raise StageError(f"{files.place(path)}: no file fits")
        found += matches
    return found


def to_bytes(values: npt.NDArray[Any], span: Span | None, sources: list[str]) -> Images:
    """Return values [n, ...] as uint8: those from 0 to 255, or those of `span` scaled and rounded.

    Raises StageError, with the source of the first row, for others.
    """
    if values.dtype == np.uint8 and span is None:
        return values
    pixels, fits = scaled_to_bytes(values, span)
    wrong = next(iter(np.argwhere(~fits)), None)
    if wrong is not None:
        expected = f"{span[0]:g} to {span[1]:g}" if span else "a whole number from 0 to 255"
        raise StageError(
            f"{sources[wrong[0]]}: {values[tuple(wrong)]:g} is not a pixel value; expected "
            f"{expected}. `range: [0, 1]` in the dataset's entry tells what is black and white"
        )
    return pixels


def guarded(
    chunks: Iterator[Chunk], told: Callable[[], AbstractContextManager[None]]
) -> Iterator[Chunk]:
    """Yield what a library reads; `told` turns what it raises meanwhile into StageErrors."""
    while True:
        with told():
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk
