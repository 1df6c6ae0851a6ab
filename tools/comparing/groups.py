"""Groups of runs that differ in their seeds: is one configuration better on average?"""

import statistics
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

from scipy.stats import ttest_ind

from comparing.inference import LEVEL, Estimate
from shared.console import StageError


class Spread(NamedTuple):
    """Mean and standard deviation (with n - 1) of at least two accuracies."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, accuracies: Sequence[float]) -> "Spread":
        """Measure the accuracies."""
        return cls(statistics.mean(accuracies), statistics.stdev(accuracies))


class Welch(NamedTuple):
    """The difference of two means with its 95 % interval, and its two-sided p."""

    difference: Estimate
    p_value: float


def welch(first: Sequence[float], second: Sequence[float]) -> Welch:
    """Compare the second group's mean with the first's, at least two accuracies each.

    Welch's t-test takes neither equal spread nor equal size for granted. A permutation test assumes
    less still, but with three runs a side its two-sided p is never below 2 / 20. Raises StageError
    where no group has any spread.
    """
    if not statistics.stdev(first) + statistics.stdev(second):
        raise StageError(
            "the runs of either group all have the same accuracy, so nothing tells what chance "
            "does; were they trained with different values of train.seed?"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # one of the two may have no spread
        test: Any = ttest_ind(second, first, equal_var=False)
    interval = test.confidence_interval(confidence_level=1 - LEVEL)
    difference = statistics.mean(second) - statistics.mean(first)
    return Welch(
        Estimate(difference, float(interval.low), float(interval.high)), float(test.pvalue)
    )
