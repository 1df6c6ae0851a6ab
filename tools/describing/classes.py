"""The classes: their order, and the column that tells them."""

import re
from collections.abc import Iterable

_NAMES = ("label", "class", "target", "y")
_LIKELY = re.compile(
    r"(labels?|class(es|name|_?id)?|target|y|category|species|breed|emotion|digit|letter|character|"
    r"dx|diagnosis|type|kind|tag|outcome|ground_?truth)$|.*(label|class|target)",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r"(.*[_ ])?(patient|lesion|subject|writer|person|author|participant|user|speaker|case|group|"
    r"family|plant|animal|scene|video|session)([_ ]?(id|no|nr|number))?$",
    re.IGNORECASE,
)


def in_order(labels: Iterable[str]) -> list[str]:
    """Return labels sorted as people do: 2 before 10, word_2 before word_10."""
    return sorted(set(labels), key=_natural)


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", text)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]


def rank_as_label(name: str) -> int:
    """Return how much a column's name sounds like the label's: 0 not at all, 3 surely."""
    lower = name.strip().lower()
    return 3 if lower in _NAMES else 2 if _LIKELY.match(lower) else 0


def is_group(name: str) -> bool:
    """Return whether a column's name sounds like what must not be in two splits."""
    return bool(_GROUP.match(name.strip()))


def are_counted(labels: Iterable[str]) -> bool:
    """Return whether the labels are whole numbers without a gap, from 0 or 1 on."""
    labels = list(labels)
    if not all(label.isdecimal() for label in labels):
        return False
    numbers = sorted({int(label) for label in labels})
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[-1] + 1))
