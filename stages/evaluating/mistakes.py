"""Which predictions are wrong, and which labels more likely are than the predictions."""

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from scipy.special import softmax

from evaluating.scores import Floats, Indices, Predictions
from shared.dataset import Labels


def worst_mistakes(predictions: Predictions, count: int) -> Indices:
    """Return the indices of up to `count` wrong predictions, those of highest confidence first."""
    wrong = np.flatnonzero(~predictions.correct)
    order = np.argsort(-predictions.confidence[wrong], kind="stable")
    return wrong[order[:count]]


def worst_by_class(predictions: Predictions, classes: int, count: int) -> list[Indices]:
    """Return up to `count` indices as worst_mistakes does, for each actual class."""
    worst = worst_mistakes(predictions, len(predictions.actual))
    return [worst[predictions.actual[worst] == label][:count] for label in range(classes)]


def doubtful_labels(logits: Floats, labels: Labels) -> npt.NDArray[np.bool_]:
    """Return for which images [N] the label is likely wrong, by logits [N, K] that never saw them.

    Confident learning: the model predicts another class with at least the confidence that it has,
    on average, in images labelled so. Northcutt et al., "Confident Learning: Estimating Uncertainty
    in Dataset Labels", 2021.
    """
    probabilities = softmax(logits.astype(np.float64), axis=1)
    found = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
    return np.asarray(found)
