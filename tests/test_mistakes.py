"""Mistakes in their order, and labels that were made wrong."""

import numpy as np

from evaluating.mistakes import doubtful_labels, worst_by_class, worst_mistakes
from evaluating.scores import Predictions


def predictions(actual: list[int], predicted: list[int], confidence: list[float]) -> Predictions:
    return Predictions(
        np.array(actual, np.uint8), np.array(predicted), np.array(confidence), np.zeros(len(actual))
    )


def logits_of(classes: np.ndarray, count: int) -> np.ndarray:
    """Logits [N, count] of a good model, sure of the classes [N], each time a little otherwise."""
    logits = np.random.default_rng(0).normal(0, 1, (len(classes), count))
    logits[np.arange(len(classes)), classes] += 6
    return logits.astype(np.float32)


def test_the_surest_mistakes_come_first_and_ties_keep_their_order() -> None:
    found = predictions([0] * 6, [0, 1, 1, 1, 1, 0], [1.0, 0.5, 0.7, 0.9, 0.7, 0.3])
    assert worst_mistakes(found, 3).tolist() == [3, 2, 4]
    assert worst_mistakes(found, 99).tolist() == [3, 2, 4, 1]
    assert worst_mistakes(predictions([0], [0], [0.9]), 3).tolist() == []


def test_each_class_has_its_own_mistakes() -> None:
    found = predictions([0, 1, 1, 1, 2], [1, 0, 2, 0, 2], [0.5, 0.6, 0.9, 0.7, 0.9])
    assert [rows.tolist() for rows in worst_by_class(found, 3, 2)] == [[0], [2, 3], []]


def test_labels_made_wrong_are_found_and_others_are_not() -> None:
    classes = np.random.default_rng(1).integers(0, 10, 600)
    labels = classes.astype(np.uint8)
    assert not doubtful_labels(logits_of(classes, 10), labels).any()
    labels[:5] = (classes[:5] + 1) % 10
    logits = logits_of(classes, 10)
    logits[np.arange(5), classes[:5]] += 5  # surer than of the others
    assert np.flatnonzero(doubtful_labels(logits, labels)).tolist() == [0, 1, 2, 3, 4]


def test_an_unsure_mistake_does_not_make_its_label_doubtful() -> None:
    classes = np.arange(300) % 3
    logits = logits_of(classes, 3)
    logits[0] = [1.0, 1.1, 0.0]
    assert not doubtful_labels(logits, classes.astype(np.uint8)).any()


def test_a_class_without_images_is_no_hindrance() -> None:
    classes = np.arange(200) % 2
    labels = classes.astype(np.uint8)
    labels[7] = 0
    logits = logits_of(classes, 3)
    logits[7, 1] += 5
    assert np.flatnonzero(doubtful_labels(logits, labels)).tolist() == [7]
