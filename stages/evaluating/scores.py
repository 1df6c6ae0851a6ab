"""How good the predictions are: accuracy, loss, calibration, and scores per class."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import log_softmax
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from shared.dataset import Labels

Floats = npt.NDArray[np.floating]
Indices = npt.NDArray[np.integer]


class Predictions(NamedTuple):
    """For each of N images: its class, the predicted class and what the network gave them.

    `confidence` is the predicted class's probability, `loss` the cross-entropy in nats.
    """

    actual: Labels
    predicted: Indices
    confidence: Floats
    loss: Floats

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether the predicted class is the actual one [N]."""
        return np.equal(self.predicted, self.actual)


def classify(logits: Floats, labels: Labels) -> Predictions:
    """Return what logits [N, K] predict for images whose class indices are `labels` [N]."""
    # Not from probabilities: that of a sure mistake's actual class rounds to 0, a loss without end.
    log_probabilities = log_softmax(logits.astype(np.float64), axis=1)
    every = np.arange(len(labels))
    predicted = log_probabilities.argmax(axis=1)
    return Predictions(
        actual=labels,
        predicted=predicted,
        confidence=np.exp(log_probabilities[every, predicted]),
        loss=-log_probabilities[every, labels],
    )


def per_image(predictions: Predictions, names: list[str], rows: pd.Series) -> pd.DataFrame:
    """Return a row per image: its row's name, actual and predicted class by name, confidence."""
    return pd.DataFrame(
        {
            "row": rows,
            "actual": np.take(names, predictions.actual),
            "predicted": np.take(names, predictions.predicted),
            "confidence": predictions.confidence,
        }
    )


def per_class(predictions: Predictions, names: list[str], logits: Floats) -> pd.DataFrame:
    """Return a row per class, by class index: its scores, and how many images it has (support).

    A score that is undefined (a class that is never predicted, or has no image) is 0. Around recall
    is Wilson's interval, at 95 %. `auc` is how often an image of the class gets a higher
    probability of it than one of any other class; NaN where there is no image of one of both.
    """
    precision, recall, f1, support = precision_recall_fscore_support(
        predictions.actual, predictions.predicted, labels=range(len(names)), zero_division=0
    )
    right = np.rint(recall * support).astype(int)
    bounds = [wilson(*counts) for counts in zip(right, support, strict=True)]
    columns = {
        "precision": precision,
        "recall": recall,
        "recall_low": [low for low, _ in bounds],
        "recall_high": [high for _, high in bounds],
        "f1": f1,
        "auc": one_against_rest(logits, predictions.actual),
        "support": support,
    }
    return pd.DataFrame({"class": names} | columns)


def one_against_rest(logits: Floats, labels: Labels) -> Floats:
    """Return, by class [K], the area under the ROC curve of its probability; NaN if undefined."""
    probabilities = log_softmax(logits.astype(np.float64), axis=1)  # only their order counts
    areas = np.full(logits.shape[1], np.nan)
    for index in np.unique(labels):
        actual = labels == index
        if not actual.all():
            areas[index] = roc_auc_score(actual, probabilities[:, index])
    return areas


def wilson(right: int, total: int) -> tuple[float, float]:
    """Return Wilson's interval of a share, at 95 %; of nothing it is all there can be."""
    if not total:
        return 0.0, 1.0
    interval = binomtest(int(right), int(total)).proportion_ci(0.95, method="wilson")
    return interval.low, interval.high


def calibration_curve(predictions: Predictions, bins: int) -> pd.DataFrame:
    """Return mean confidence, accuracy and count per bin of confidence, empty bins left out.

    The bins divide 0 to 1 equally; each holds its upper edge.
    """
    edges = np.linspace(0, 1, bins + 1).tolist()
    rows = pd.DataFrame({"confidence": predictions.confidence, "correct": predictions.correct})
    return (
        rows.groupby(pd.cut(rows["confidence"], edges, include_lowest=True), observed=True)
        .agg(
            confidence=("confidence", "mean"),
            accuracy=("correct", "mean"),
            count=("correct", "size"),
        )
        .reset_index(drop=True)
    )


def expected_calibration_error(curve: pd.DataFrame) -> float:
    """Return the mean gap between confidence and accuracy, weighted by count.

    Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3.
    """
    gaps = (curve["confidence"] - curve["accuracy"]).abs()
    return float(np.average(gaps, weights=curve["count"]))


def figures_of_test(
    predictions: Predictions, classes: pd.DataFrame, curve: pd.DataFrame
) -> dict[str, float]:
    """Return the test set's figures; the interval of the accuracy is Wilson's, at 95 %.

    `majority_baseline` is the accuracy of naming the most frequent class whatever the image;
    `balanced_accuracy` is the mean recall, and `auc` the mean area, of the classes with images.
    """
    low, high = wilson(predictions.correct.sum(), len(predictions.correct))
    present = classes[classes["support"] > 0]
    figures = {
        "test_accuracy": predictions.correct.mean(),
        "test_accuracy_low": low,
        "test_accuracy_high": high,
        "majority_baseline": classes["support"].max() / classes["support"].sum(),
        "balanced_accuracy": present["recall"].mean(),
        "auc": present["auc"].mean(),
        "test_loss": predictions.loss.mean(),
        "macro_f1": classes["f1"].mean(),
        "expected_calibration_error": expected_calibration_error(curve),
    }
    return {name: round(float(figure), 6) for name, figure in figures.items()}
