"""Which images changed between two runs on the same test set, and which way, by class."""

import pandas as pd

from comparing.runs import Run


def changed_images(first: Run, second: Run) -> pd.DataFrame:
    """Return a row per image that the runs put into different classes, sorted by its class.

    `first` and `second` hold what the runs predict; `way` is gained (right in the second alone),
    lost (right in the first alone) or wrong in both.
    """
    rows = pd.DataFrame(
        {
            "class": first.predictions["actual"],
            "image": range(len(first.predictions)),
            "first": first.predictions["predicted"],
            "second": second.predictions["predicted"],
            "way": "wrong in both",
        }
    )
    rows.loc[second.correct, "way"] = "gained"
    rows.loc[first.correct, "way"] = "lost"
    return rows[rows["first"] != rows["second"]].sort_values("class", kind="stable")


def per_class(first: Run, second: Run) -> pd.DataFrame:
    """Return a row per class: its images, how many either run gets right, gains and losses."""
    rows = pd.DataFrame(
        {
            "class": first.predictions["actual"],
            "images": 1,
            "first": first.correct,
            "second": second.correct,
            "gained": second.correct & ~first.correct,
            "lost": first.correct & ~second.correct,
        }
    )
    return rows.groupby("class").sum().reset_index()
