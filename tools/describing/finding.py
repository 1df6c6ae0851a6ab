"""What was found in somebody's files, and why it is taken for that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.generic]
Counts = Mapping[str, int]


class Guess(NamedTuple):
    """A key of the entry, its value, and the reason, which becomes a comment."""

    key: str
    value: Any
    why: str = ""


class Shape(NamedTuple):
    """An image's height and width in pixels, its channels, and how a row of numbers holds it."""

    height: int
    width: int
    channels: int
    planes: bool = False

    def __str__(self) -> str:
        return f"{self.height}×{self.width}" + (f"×{self.channels}" if self.channels > 1 else "")


@dataclass
class Finding:
    """A dataset, as its files have it.

    Attributes:
        form: which of stages/downloading/forms/ reads it.
        source: what else that form has to be told.
        sample: some of its images, as stored: [n, pixels] or [n, height, width, channels].
        train: how many rows each label has, in the order in which the labels came.
        test: the same of the test table, or None where there is none.
        low: what is black in the sample.
        high: what is white in the sample.
        top: keys beside `source`: header, label, fit.
        names: class names by label, where the source has them, and the order of classes.
        names_from: what has told them.
        shape: where the form tells it.
        own_validation: how many rows at the end of train are the source's own validation set.
        remarks: what a person should know, and what was left out.
    """

    form: str
    source: list[Guess]
    sample: Numbers
    train: Counts
    test: Counts | None = None
    low: float = 0
    high: float = 255
    top: list[Guess] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    names_from: str = ""
    shape: Guess | None = None
    own_validation: int = 0
    remarks: list[str] = field(default_factory=list)

    @property
    def levels(self) -> npt.NDArray[np.float32]:
        """The sample from 0 (black) to 255 (white)."""
        return (self.sample.astype(np.float32) - self.low) * (255 / (self.high - self.low))
