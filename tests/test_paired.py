"""Paired comparisons against enumeration, simulation and values worked out by hand."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial

from comparing.inference import verdict
from comparing.paired import Pairs, accuracy


def test_accuracy_has_wilsons_interval() -> None:
    found = accuracy(np.arange(100) < 98)
    assert found == pytest.approx((0.98, 0.929988, 0.994498), abs=1e-6)


def test_only_images_that_one_model_alone_gets_right_count() -> None:
    first = np.array([True, True, True, False, False])
    second = np.array([True, False, False, True, False])
    assert Pairs.of(first, second) == Pairs(images=5, gained=1, lost=2)


def test_difference_by_hand() -> None:
    # 1 and 7 changes of 21: (2 - 8) / 23, and its variance (10 - 36 / 23) / 23²
    centre, margin = -6 / 23, 1.959964 * math.sqrt(10 - 36 / 23) / 23
    expected = (-6 / 21, centre - margin, centre + margin)
    assert Pairs(21, gained=1, lost=7).difference == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("gain", "loss"), [(0.02, 0.02), (0.05, 0.01), (0.1, 0.1), (0.03, 0.0)])
def test_the_interval_covers_the_true_difference_95_times_in_100(gain: float, loss: float) -> None:
    images = 200
    counts = np.array(list(itertools.product(range(50), repeat=2)))
    chances = multinomial(images, [gain, loss, 1 - gain - loss]).pmf(
        np.column_stack([counts, images - counts.sum(axis=1)])
    )
    intervals = [Pairs(images, *map(int, pair)).difference for pair in counts]
    covered = [interval.low <= gain - loss <= interval.high for interval in intervals]
    assert chances[covered].sum() == pytest.approx(0.96, abs=0.025)


def test_p_is_that_of_a_coin() -> None:
    assert Pairs(1000, gained=1, lost=7).p_value == pytest.approx(2 * 9 / 2**8)
    assert Pairs(1000, gained=4, lost=4).p_value == 1
    assert Pairs(1000, gained=0, lost=0).p_value == 1


def test_nothing_changed_leaves_an_interval_around_0() -> None:
    low, high = Pairs(1000, gained=0, lost=0).difference[1:]
    assert -0.003 < low < 0 < high < 0.003


def test_so_many_images_show_the_difference_in_80_of_100_draws() -> None:
    needed = Pairs(1000, gained=30, lost=18).images_needed
    assert needed is not None
    drawn = np.random.default_rng(0).multinomial(needed, [0.030, 0.018, 0.952], size=20_000)
    gained, lost = drawn[:, 0], drawn[:, 1]
    shown = np.abs(gained - lost) / np.sqrt(gained + lost) > 1.959964  # McNemar's test
    assert shown.mean() == pytest.approx(0.8, abs=0.01)


def test_no_number_of_images_shows_a_difference_that_is_not_there() -> None:
    assert Pairs(1000, gained=3, lost=3).images_needed is None


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_difference_that_is_not_shown_takes_more_images_than_there_are(
    gained: int, lost: int
) -> None:
    pairs = Pairs(100, gained, lost)
    found = verdict(pairs.difference.value, pairs.p_value)
    if found == "no difference shown":
        assert pairs.images_needed is None or pairs.images_needed > 100
    else:
        assert found == ("better" if gained > lost else "worse")
