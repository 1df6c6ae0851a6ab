"""Write a page about the run in the workspace, and about all experiments.

    python tools/report.py

The page, report/index.html, is a file that needs no other and no network.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

import project
from reporting import sections
from reporting.charts import read_figures
from reporting.elements import fill, join, notice
from reporting.history import read_history, stale_stages
from reporting.page import Section, render
from shared.console import StageError, log, run
from shared.files import replacing
from shared.params import read_yaml

OUT = Path("report/index.html")
PARAMS = Path("params.yaml")
DATASET = Path("data/raw/dataset.json")
RECIPE = Path("models/recipe.json")
DATA = Path("metrics/data.json")
TRAIN = Path("metrics/train.json")
EVALUATE = Path("metrics/evaluate.json")
ROBUSTNESS = Path("metrics/robustness.json")
EXPORT = Path("metrics/export.json")
PREDICTIONS = Path("plots/predictions.csv")
PER_CLASS = Path("plots/per_class.csv")
CORRUPTED = Path("plots/robustness.csv")

PICTURES = {
    "plots/mistakes.png": (
        "Worst mistakes",
        "The wrong predictions of highest confidence, each with its predicted and actual class",
    ),
    "plots/gallery.png": ("Mistakes by class", "A row per class: its worst wrong predictions"),
    "plots/classes.png": ("The classes", "Some images of each class"),
}
NAMES = dict.fromkeys(["class", "actual", "predicted"], str)
"""Columns of class names, which may look like numbers."""


def main() -> None:
    """Read the run and the experiments, and write the page."""
    runs = read_history()
    parts = [*of_the_run(read_figures(PICTURES)), Section("Experiments", sections.history(runs))]
    page = render(read(DATASET)["title"], about(runs), parts)
    with replacing(OUT) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
    log.info("%s: %s kB; open it in a browser", OUT, f"{len(page.encode()) / 1000:,.0f}")


def about(runs: pd.DataFrame) -> Markup:
    """Return which run this is, and a warning where its outputs are not those of its inputs."""
    line = fill(
        "<p>The run in the workspace, upon commit <code>{}</code>. Written {:%Y-%m-%d %H:%M}.</p>",
        runs["commit"][1],
        datetime.now().astimezone(),
    )
    stale = stale_stages()
    warning = f"Not up to date: {', '.join(stale)}. `dvc repro` runs what has changed."
    return join([line, notice(warning)] if stale else [line])


def of_the_run(figures: Mapping[str, Markup]) -> Iterator[Section]:
    """Return the sections about the workspace; a section whose files are missing says so.

    Raises StageError where there is no result at all.
    """
    read(EVALUATE)
    planned = contents()
    for title, text, plots in planned:
        try:
            body = text()
        except StageError as error:
            body = notice(f"{error}.")
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            body = notice(f"The files are not as the stages leave them ({error!r}): `dvc repro`.")
        missing = [notice(missing_file(name)) for name in plots if name not in figures]
        shown = [figures[name] for name in plots if name in figures]
        yield Section(title, join([body, *missing]), shown)
    others = set(figures) - {name for _, _, plots in planned for name in plots}
    if others:
        yield Section("Other plots", Markup(), [figures[name] for name in sorted(others)])


def contents() -> list[tuple[str, Callable[[], Markup], list[str]]]:
    """Return the title of each section, what makes its text, and DVC's names of its plots."""
    return [
        (
            "Result",
            lambda: sections.result(read(EVALUATE), read(PER_CLASS)),
            ["plots/per_class.csv"],
        ),
        (
            "Training",
            lambda: sections.training(read(TRAIN)),
            ["loss", "plots/history.csv", "learning rate"],
        ),
        (
            "Mistakes",
            lambda: sections.mistakes(
                read(EVALUATE), read(PREDICTIONS), read(PARAMS)["evaluate"]["worst_mistakes"]
            ),
            ["plots/predictions.csv", "plots/mistakes.png", "plots/gallery.png"],
        ),
        (
            "Calibration",
            lambda: sections.calibration(read(EVALUATE)),
            ["plots/calibration.csv"],
        ),
        (
            "Robustness",
            lambda: sections.robustness(read(ROBUSTNESS), read(CORRUPTED)),
            ["plots/robustness.csv"],
        ),
        (
            "Data",
            lambda: sections.data(read(DATASET), read(DATA)),
            ["plots/classes.csv", "plots/classes.png"],
        ),
        ("Exports", lambda: sections.exports(read(EXPORT)), []),
        ("Settings", lambda: sections.settings(read(PARAMS), read(RECIPE)), []),
    ]


def read(path: Path) -> Any:
    """Return what a file of JSON or YAML holds, or a CSV's table. Raises StageError without it."""
    try:
        with path.open(encoding="utf-8") as file:
            if path.suffix == ".csv":
                return pd.read_csv(file, dtype=NAMES, keep_default_na=False)
            return read_yaml(path) if path.suffix == ".yaml" else json.load(file)
    except FileNotFoundError:
        raise StageError(missing_file(path)) from None
    except ValueError as error:  # a conflict in git, perhaps
        raise StageError(f"{path} is not as the stages leave it ({error}): `dvc repro`") from None


def missing_file(path: Path | str) -> str:
    """Say that a stage has not run."""
    return f"{path} is missing: `dvc repro` makes it"


if __name__ == "__main__":
    project.command_line(__doc__).parse_args()
    run(main)
