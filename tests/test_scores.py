"""Scores against values worked out by hand or by another library."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.metrics import log_loss

from evaluating.scores import (
    Predictions,
    calibration_curve,
    classify,
    expected_calibration_error,
    figures_of_test,
    one_against_rest,
    per_class,
    per_image,
)


def predictions(actual: list[int], predicted: list[int], confidence: list[float]) -> Predictions:
    return Predictions(
        np.array(actual, np.uint8), np.array(predicted), np.array(confidence), np.zeros(len(actual))
    )


def right_of(right: int, total: int) -> Predictions:
    return predictions([0] * total, [0] * right + [1] * (total - right), [0.9] * total)


def test_logits_become_class_confidence_and_loss() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (50, 4)).astype(np.float32)
    labels = np.arange(50, dtype=np.uint8) % 4
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = classify(logits, labels)
    np.testing.assert_array_equal(found.predicted, logits.argmax(axis=1))
    np.testing.assert_allclose(found.confidence, probabilities.max(axis=1), rtol=1e-5)
    assert found.loss.mean() == pytest.approx(log_loss(labels, probabilities), rel=1e-5)


def test_loss_of_a_sure_mistake_is_not_cut_off() -> None:
    found = classify(np.array([[0, 2000]], np.float32), np.array([0], np.uint8))
    assert found.loss == [2000]
    assert found.confidence == [1]


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(98, 100, 0.929988, 0.994498), (10, 10, 0.722467, 1), (0, 10, 0, 0.277533)],
)
def test_interval_is_wilsons(right: int, total: int, low: float, high: float) -> None:
    found = right_of(right, total)
    classes = per_class(found, ["a", "b"], np.zeros((total, 2)))
    figures = figures_of_test(found, classes, calibration_curve(found, 10))
    assert figures["test_accuracy"] == right / total
    assert (figures["test_accuracy_low"], figures["test_accuracy_high"]) == (low, high)


def test_scores_per_class_count_a_class_that_is_never_predicted_as_0() -> None:
    found = predictions([0, 0, 0, 1, 2], [0, 0, 1, 1, 0], [0.9] * 5)
    scores = per_class(found, ["ant", "bee", "fly"], np.zeros((5, 3)))
    assert scores["class"].tolist() == ["ant", "bee", "fly"]
    assert scores["precision"].tolist() == [2 / 3, 1 / 2, 0]
    assert scores["recall"].tolist() == [2 / 3, 1, 0]
    assert scores["f1"].tolist() == pytest.approx([2 / 3, 2 / 3, 0])
    assert scores["support"].tolist() == [3, 1, 1]


def test_always_naming_the_frequent_class_is_no_good_model() -> None:
    found = predictions([0] * 97 + [1] * 3, [0] * 100, [0.9] * 100)
    classes = per_class(found, ["good", "bad", "never seen"], np.zeros((100, 3)))
    figures = figures_of_test(found, classes, calibration_curve(found, 10))
    assert figures["test_accuracy"] == figures["majority_baseline"] == 0.97
    assert figures["balanced_accuracy"] == figures["auc"] == 0.5
    assert classes["recall_low"].tolist() == pytest.approx([0.9619, 0, 0], abs=1e-4)
    assert classes["recall_high"].tolist() == pytest.approx([1, 0.5615, 1], abs=1e-4)


def test_the_area_is_how_often_an_image_of_a_class_comes_before_another() -> None:
    logits = np.random.default_rng(0).normal(0, 1, (60, 4))
    labels = np.arange(60, dtype=np.uint8) % 3
    areas = one_against_rest(logits, labels)
    score = log_softmax(logits, axis=1)[:, 1]
    before = score[labels == 1][:, None] > score[labels != 1]
    assert areas[1] == pytest.approx(before.mean())
    assert np.isnan(areas).tolist() == [False, False, False, True]


def test_calibration_curve_bins_by_confidence_and_leaves_out_empty_bins() -> None:
    found = predictions([0, 0, 0, 0], [0, 1, 0, 0], [0.55, 0.6, 0.95, 1.0])
    curve = calibration_curve(found, 5)
    assert curve["confidence"].tolist() == pytest.approx([0.575, 0.975])
    assert curve["accuracy"].tolist() == [0.5, 1]
    assert curve["count"].tolist() == [2, 2]
    assert expected_calibration_error(curve) == pytest.approx((0.075 * 2 + 0.025 * 2) / 4)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1), st.integers(2, 20))
def test_calibration_curve_counts_every_image_once(confidence: list[float], bins: int) -> None:
    found = predictions([0] * len(confidence), [0] * len(confidence), confidence)
    curve = calibration_curve(found, bins)
    assert curve["count"].sum() == len(confidence)
    assert len(curve) <= bins


def test_rows_per_image_name_the_classes() -> None:
    found, names = predictions([2, 0], [1, 0], [0.5, 0.75]), pd.Series(["7", "a.png"])
    rows = per_image(found, ["ant", "bee", "fly"], names)
    assert rows.to_dict("records") == [
        {"row": "7", "actual": "fly", "predicted": "bee", "confidence": 0.5},
        {"row": "a.png", "actual": "ant", "predicted": "ant", "confidence": 0.75},
    ]
