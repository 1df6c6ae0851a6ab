"""What the page says of a run, section by section."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from reporting.elements import details, facts, fill, join, table

Metrics = Mapping[str, Any]

SPLITS = ("train", "validation", "test")
METRICS = {
    "test_accuracy": ".2%",
    "validation_accuracy": ".2%",
    "test_loss": ".4f",
    "expected_calibration_error": ".4f",
    "corrupted_test_accuracy": ".2%",
}
"""The metrics by which experiments are shown, and how."""


def result(evaluated: Metrics, classes: pd.DataFrame) -> Markup:
    """Return the scores on the test set, as a whole and by class."""
    low, high = evaluated["test_accuracy_low"], evaluated["test_accuracy_high"]
    images = classes["support"].sum()
    figures = [
        (
            "Test accuracy",
            f"{evaluated['test_accuracy']:.2%}",
            f"95 % interval {low:.2%} to {high:.2%}, {images:,} images",
        ),
        (
            "Balanced accuracy",
            f"{evaluated['balanced_accuracy']:.2%}",
            f"mean recall; always the most frequent class: {evaluated['majority_baseline']:.2%}",
        ),
        ("Test loss", f"{evaluated['test_loss']:.4f}", "cross-entropy"),
        ("Macro F1", f"{evaluated['macro_f1']:.4f}", f"mean of {len(classes)} classes"),
        (
            "Calibration error",
            f"{evaluated['expected_calibration_error']:.4f}",
            "mean gap of confidence and accuracy",
        ),
    ]
    named = {
        "recall_low": "recall from",
        "recall_high": "to",
        "f1": "F1",
        "auc": "AUC",
        "support": "images",
    }
    rows = classes.rename(columns=named)
    scores = dict.fromkeys(rows.columns[1:-1], ".4f")
    return join([facts(figures), table(rows, "Scores by class", scores)])


def training(trained: Metrics) -> Markup:
    """Return what the training came to."""
    return facts(
        [
            ("Parameters", f"{trained['parameters']:,}", "weights, the moving averages included"),
            ("Steps", f"{trained['steps']:,}", "batches"),
            ("Train loss", f"{trained['train_loss']:.4f}", "what the optimizer sees"),
            ("Validation loss", f"{trained['validation_loss']:.4f}", ""),
            ("Validation accuracy", f"{trained['validation_accuracy']:.2%}", ""),
        ]
    )


def mistakes(evaluated: Metrics, predictions: pd.DataFrame, shown: int) -> Markup:
    """Return the wrong predictions of highest confidence, at most `shown`."""
    wrong = predictions[predictions["predicted"] != predictions["actual"]]
    worst = wrong.sort_values("confidence", ascending=False).head(shown)
    worst["doubtful"] = worst["doubtful"].map({True: "yes", False: "no"})
    return join(
        [
            facts(
                [
                    ("Mistakes", f"{len(wrong):,}", f"of {len(predictions):,} test images"),
                    (
                        "Doubtful labels",
                        f"{evaluated['doubtful_labels']:,}",
                        "the model is surer of another class",
                    ),
                ]
            ),
            details(
                f"The {len(worst):,} of highest confidence, as a table",
                table(worst, "Mistakes by confidence", {"confidence": ".2%"}),
            ),
        ]
    )


def calibration(evaluated: Metrics) -> Markup:
    """Return how far confidence is from accuracy, with the temperature and without it."""
    return facts(
        [
            ("Calibration error", f"{evaluated['expected_calibration_error']:.4f}", "as exported"),
            (
                "Without the temperature",
                f"{evaluated['uncalibrated_calibration_error']:.4f}",
                "as trained",
            ),
            ("Temperature", f"{evaluated['temperature']:.4f}", "divides the logits"),
        ]
    )


def robustness(corrupted: Metrics, accuracies: pd.DataFrame) -> Markup:
    """Return the accuracy on corrupted test images; older runs have no unseen kinds."""
    unseen = corrupted.get("unseen_corrupted_test_accuracy")
    hardest = accuracies.sort_values("accuracy").iloc[0]
    return facts(
        [
            (
                "Mean accuracy",
                f"{corrupted['corrupted_test_accuracy']:.2%}",
                "the test set, corrupted in 24 ways",
            ),
            ("Unseen kinds", "" if unseen is None else f"{unseen:.2%}", "not in the training"),
            (
                "Lowest",
                f"{hardest['accuracy']:.2%}",
                f"{hardest['corruption']}, level {hardest['level']}",
            ),
        ]
    )


def data(dataset: Metrics, counted: Metrics) -> Markup:
    """Return where the images come from, and which of them occur more than once."""
    rows = pd.DataFrame(
        {
            "split": split,
            "rows": counted[f"{split}_rows"],
            "dropped": counted.get(f"{split}_dropped"),
            "duplicates": counted[f"{split}_duplicates"],
            "near duplicates": counted[f"{split}_near_duplicates"],
        }
        for split in SPLITS
    )
    pairs = [("train", "validation"), ("train", "test"), ("validation", "test")]
    overlaps = pd.DataFrame(
        {
            "splits": f"{one} and {other}",
            "same image": counted[f"{one}_{other}_overlap"],
            "shifted by a pixel": counted[f"{one}_{other}_near_overlap"],
        }
        for one, other in pairs
    )
    source = "<p>{provenance}</p><p>{homepage}<br>Licence: {licence}</p>"
    return join(
        [
            fill(source, **{name: dataset[name] for name in ("provenance", "homepage", "licence")}),
            table(rows, "Rows of each split"),
            table(overlaps, "Images in two splits (leakage)"),
        ]
    )


def exports(checked: Metrics) -> Markup:
    """Return how each exported format compares with the Keras model."""
    end = "_agreement"
    names = [name.removesuffix(end) for name in checked if name.endswith(end)]
    rows = pd.DataFrame(
        {
            "format": name,
            "accuracy": checked[f"{name}_accuracy"],
            "same class": checked[f"{name}_agreement"],
            "mean difference": checked[f"{name}_mean_difference"],
            "largest difference": checked[f"{name}_largest_difference"],
            "kB": checked[f"{name}_bytes"] / 1000,
        }
        for name in names
    )
    formats = {
        "accuracy": ".2%",
        "same class": ".2%",
        "mean difference": ".1e",
        "largest difference": ".1e",
        "kB": ",.0f",
    }
    about = "<p>Each format beside the Keras model: predicted class and probabilities.</p>"
    return join([fill(about), table(rows, "Exported formats", formats)])


def settings(params: Mapping[str, Metrics], recipe: Metrics) -> Markup:
    """Return all that made the run: parameters, versions, device, data."""
    rows = [
        {"parameter": f"{stage}.{name}", "value": _shown(value)}
        for stage, section in params.items()
        for name, value in section.items()
    ]
    environment = [
        *((name, version) for name, version in recipe["versions"].items()),
        ("device", recipe["device"]),
        ("dataset", recipe["data"]["dataset"]),
        *((f"{split}, SHA-256", recipe["data"][split][:12]) for split in SPLITS[:2]),
    ]
    return join(
        [
            table(pd.DataFrame(environment, columns=["trained with", "value"]), "Environment"),
            details("Parameters", table(pd.DataFrame(rows), "Parameters, as in params.yaml")),
        ]
    )


def history(runs: pd.DataFrame) -> Markup:
    """Return all runs with their metrics, and with those parameters in which they differ."""
    named = {name: spec for name, spec in METRICS.items() if name in runs}
    state = ["state"] if runs["state"].any() else []
    columns = ["run", *state, "download.dataset", *named, *_varying(runs), "created", "commit"]
    rows = runs[[name for name in dict.fromkeys(columns) if name in runs]]
    formats = {_words(name): spec for name, spec in named.items()}
    about = (
        "<p>Every experiment and the commit that it started from; <code>dvc exp run</code> adds "
        "one. What an experiment has not run it shows as its commit has it. Accuracies of "
        "different datasets or splits do not compare, and <code>make compare A=… B=…</code> tells "
        "whether one run is really better than another.</p>"
    )
    shown = rows.rename(columns={name: _words(name) for name in METRICS})
    return join([fill(about), table(shown, "Experiments", formats)])


def _varying(runs: pd.DataFrame) -> Iterator[str]:
    for name in runs:
        if "." in str(name) and len(set(runs[name].map(str))) > 1:
            yield str(name)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
