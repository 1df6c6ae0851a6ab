"""Which part of a dataset a name speaks of: train, validation or test."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal

Part = Literal["train", "validation", "test"]

_BEGINNINGS: dict[Part, tuple[str, ...]] = {
    "validation": ("valid", "public"),
    "test": ("test", "private", "eval"),
    "train": ("train",),
}
_WORDS: dict[str, Part] = {
    "val": "validation", "dev": "validation",
    "tes": "test", "tst": "test",
    "tra": "train", "trn": "train",
}  # fmt: skip


def part_of(name: str) -> Part | None:
    """Return the part that a name tells: `csvTrainImages`, `t10k-images`, `PublicTest`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("t10k", " test "))
    words = re.findall("[a-z]+", spaced.lower())
    for part, beginnings in _BEGINNINGS.items():
        for word in words:
            if word.startswith(beginnings) or _WORDS.get(word) == part:
                return part
    return None


def part_of_path(path: str) -> Part | None:
    """Return the part that a path tells, its last name first."""
    for name in reversed(PurePosixPath(path).parts):
        if part := part_of(name):
            return part
    return None


def by_part(paths: Iterable[str]) -> dict[Part | None, list[str]]:
    """Return the paths of each part, None for those that tell none."""
    found: dict[Part | None, list[str]] = {}
    for path in paths:
        found.setdefault(part_of_path(path), []).append(path)
    return found
