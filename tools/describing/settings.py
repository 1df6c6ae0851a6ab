"""How to train on a dataset: how many rows to hold out, and which gates fit it."""

import math
from typing import Any

from describing.entry import Described
from describing.finding import Finding

_HELD_OUT = 10  # one of so many rows is for validation
_MOST_HELD_OUT = 5_000
_ABOVE = 4  # gates are a quarter of the way from guessing to perfection
_UNEVEN = 5  # classes of which one has so many times as many rows as another


def settings(finding: Finding, described: Described) -> dict[str, Any]:
    """Return the parameters that fit the data: a negative in colour is another picture."""
    rows = sum(finding.train.values()) - described.drawn
    classes = len({*finding.train, *(finding.test or {})})
    size = max(classes, min(_MOST_HELD_OUT, rows // _HELD_OUT))
    found: dict[str, Any] = {"preprocess.validation_size": finding.own_validation or size}
    if finding.own_validation:
        found["preprocess.split"] = "tail"
    if described.shape.channels == 3:
        found["train.inversion"] = "false"
    found["export.minimum_accuracy"] = _above(majority(finding))
    if max(finding.train.values()) > _UNEVEN * min(finding.train.values()):
        found["train.class_weights"] = "balanced"
    found["export.minimum_balanced_accuracy"] = _above(1 / classes)
    return found


def majority(finding: Finding) -> float:
    """Return the accuracy of always naming the class that has most rows."""
    counts = finding.test or finding.train
    return max(counts.values()) / sum(counts.values())


def _above(baseline: float) -> float:
    return min(0.99, math.ceil(100 * (baseline + (1 - baseline) / _ABOVE)) / 100)
