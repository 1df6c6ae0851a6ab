"""Groups of runs against values worked out by hand."""

import math
import warnings

import pytest

from comparing.groups import Spread, welch
from shared.console import StageError


def test_mean_and_deviation_of_a_group() -> None:
    assert Spread.of([0.97, 0.98, 0.99]) == pytest.approx((0.98, 0.01))


def test_welch_by_hand() -> None:
    # Standard deviations 1 and 3, three runs each: 2.439 degrees of freedom, where t is 3.6394.
    difference, p_value = welch([1, 2, 3], [7, 10, 13])
    margin = 3.6394 * math.sqrt(1 / 3 + 9 / 3)
    assert difference == pytest.approx((8, 8 - margin, 8 + margin), abs=1e-3)
    assert 0.02 < p_value < 0.05


def test_one_group_may_be_without_spread() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = welch([0.98, 0.98, 0.98], [0.97, 0.98, 0.99])
    assert found.difference.value == pytest.approx(0)
    assert found.p_value == pytest.approx(1)


def test_two_groups_without_spread_are_refused() -> None:
    with pytest.raises(StageError, match=r"train\.seed"):
        welch([0.98, 0.98], [0.99, 0.99])
