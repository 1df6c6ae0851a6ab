"""Two models on the same test images: what one gets right and the other does not."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from comparing.inference import LEVEL, Z_LEVEL, Z_POWER, Estimate

Correct = npt.NDArray[np.bool_]


def accuracy(correct: Correct) -> Estimate:
    """Return the share of right answers [N], with Wilson's interval, as the evaluate stage does."""
    test = binomtest(int(correct.sum()), len(correct))
    interval = test.proportion_ci(confidence_level=1 - LEVEL, method="wilson")
    return Estimate(float(test.statistic), float(interval.low), float(interval.high))


class Pairs(NamedTuple):
    """Counts of test images: all, those wrong before and right now, and the reverse."""

    images: int
    gained: int
    lost: int

    @classmethod
    def of(cls, first: Correct, second: Correct) -> "Pairs":
        """Count what changed from the first model's answers to the second's [N]."""
        return cls(len(first), int((second & ~first).sum()), int((first & ~second).sum()))

    @property
    def difference(self) -> Estimate:
        """The second accuracy less the first, with the adjusted Wald interval for pairs.

        Bonett and Price, "Adjusted Wald Confidence Interval for a Difference of Binomial
        Proportions Based on Paired Data", 2012. It adds an image to either count, so it has a
        width even where no answer changed.
        """
        total = self.images + 2
        gained, lost = (self.gained + 1) / total, (self.lost + 1) / total
        margin = Z_LEVEL * math.sqrt((gained + lost - (gained - lost) ** 2) / total)
        return Estimate(
            (self.gained - self.lost) / self.images,
            max(gained - lost - margin, -1.0),
            min(gained - lost + margin, 1.0),
        )

    @property
    def p_value(self) -> float:
        """McNemar's exact p, two-sided: each change goes either way like a coin's toss."""
        changes = self.gained + self.lost
        return float(binomtest(self.gained, changes).pvalue) if changes else 1.0

    @property
    def images_needed(self) -> int | None:
        """How many images could show this difference, did they change as these do.

        Connor, "Sample Size for Testing Differences in Proportions for the Paired-Sample Design",
        1987. None where there is no difference to show.
        """
        changes = (self.gained + self.lost) / self.images
        difference = (self.gained - self.lost) / self.images
        if not difference:
            return None
        spread = Z_LEVEL * math.sqrt(changes) + Z_POWER * math.sqrt(changes - difference**2)
        return math.ceil((spread / difference) ** 2)
