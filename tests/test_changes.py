"""Which images changed, on two runs that are known."""

import pandas as pd

from comparing.changes import changed_images, per_class
from comparing.runs import Run


def run(name: str, predicted: str) -> Run:
    """A run on two images each of the classes a, b and c, as `predicted` says of them in turn."""
    return Run(name, "md5", pd.DataFrame({"actual": list("ccbbaa"), "predicted": list(predicted)}))


OLD, NEW = run("old", "ccabba"), run("new", "cabaac")


def test_a_changed_image_is_gained_lost_or_wrong_in_both() -> None:
    assert changed_images(OLD, NEW).to_numpy().tolist() == [
        ["a", 4, "b", "a", "gained"],
        ["a", 5, "a", "c", "lost"],
        ["b", 2, "a", "b", "gained"],
        ["b", 3, "b", "a", "lost"],
        ["c", 1, "c", "a", "lost"],
    ]
    both = changed_images(run("old", "ccacaa"), run("new", "ccccaa"))
    assert both.to_numpy().tolist() == [["b", 2, "a", "c", "wrong in both"]]


def test_gains_and_losses_are_counted_by_class() -> None:
    assert per_class(OLD, NEW).to_numpy().tolist() == [
        ["a", 2, 1, 1, 1, 1],
        ["b", 2, 1, 1, 1, 1],
        ["c", 2, 2, 1, 0, 1],
    ]


def test_equal_predictions_change_nothing() -> None:
    assert len(changed_images(OLD, OLD)) == 0
