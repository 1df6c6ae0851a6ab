"""What both comparisons take for granted: the level of tests and intervals, and the power."""

from typing import Literal, NamedTuple

from scipy.stats import norm

LEVEL = 0.05
"""Of the two-sided tests; the intervals are at 95 %."""

POWER = 0.8
"""Of the test for which a sample's size is told."""

Z_LEVEL = float(norm.isf(LEVEL / 2))
Z_POWER = float(norm.ppf(POWER))

Verdict = Literal["better", "worse", "no difference shown"]


class Estimate(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def verdict(difference: float, p_value: float) -> Verdict:
    """Return what a test shows of the second of two, given the second's lead."""
    if p_value >= LEVEL:
        return "no difference shown"
    return "better" if difference > 0 else "worse"
