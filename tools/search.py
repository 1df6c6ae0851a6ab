r"""Search for better parameters with Optuna: ask, `dvc exp run`, tell the validation accuracy.

    python tools/search.py rates --trials 20 -S train.steps=500 \
      -S 'train.learning_rate=tag(log,interval(0.001,0.02))' -S 'train.width=choice(16,24,32)'

A setting is one of `dvc exp run -S`, or one that varies: choice(…) and range(…) as in a queue,
interval(…) for all numbers between two, int(interval(…)) for the whole ones, tag(log,…) on a
logarithmic scale. A trial runs the last commit, in a clone, up to evaluate, and becomes the
experiment rates-0, rates-1…; the workspace stays as it is. After an interruption the same command
goes on; with more --trials it goes further; several of them at once share the trials.
"""

import argparse
import json
import re
import sys

import optuna
import pandas as pd

import project
from running.clone import Clone, RefusedError, clone, last_commit
from searching.space import parse_space
from searching.study import Claim, Trials
from shared.console import log, run
from shared.params import read_yaml

DATABASE = project.ROOT / "search.db"
LOCKS = project.ROOT / ".dvc/tmp/search"
PARAMS = project.ROOT / "params.yaml"
METRICS = "metrics/train.json"
TARGET = "evaluate"


def main() -> None:
    """Run trials until there are enough, and print them."""
    asked = parse()
    space = parse_space(asked.settings, read_yaml(PARAMS))
    trials = Trials(DATABASE, asked.name, LOCKS)
    with clone(trials.begin(asked.settings, last_commit)) as place:
        while claim := trials.claim(space.varied, asked.trials):
            with claim.lock:
                trials.tell(claim.number, accuracy(place, asked.name, claim, space.fixed))
    sys.stdout.write(report(trials.study))


def parse() -> argparse.Namespace:
    """Return the command line's choices."""
    parser = project.command_line(__doc__)
    parser.add_argument("name", metavar="NAME", help="the study's, and its experiments' first part")
    parser.add_argument("--trials", type=int, required=True, metavar="N", help="how many in all")
    parser.add_argument(
        "-S", "--set-param", dest="settings", action="append", required=True, metavar="SETTING"
    )
    asked = parser.parse_args()
    if not re.fullmatch(r"\w[\w-]*", asked.name):
        parser.error("NAME: letters, digits, - and _ only")
    return asked


def accuracy(place: Clone, study: str, claim: Claim, fixed: list[str]) -> float | None:
    """Run a trial and return its validation accuracy, or None if its parameters were refused."""
    name = f"{study}-{claim.number}"
    chosen = [f"{key}={value}" for key, value in claim.params.items()]
    log.info("%s: %s", name, ", ".join(chosen))
    try:
        place.run(name, [*fixed, *chosen], TARGET, holds=(claim.lock.fileno(),))
    except RefusedError as error:
        log.warning("%s: %s", name, error)
        return None
    metrics = json.loads((place.folder / METRICS).read_text(encoding="utf-8"))
    log.info("%s: validation accuracy %.2f%%", name, 100 * metrics["validation_accuracy"])
    return float(metrics["validation_accuracy"])


def report(study: optuna.Study) -> str:
    """Return a table of the trials, the best first."""
    trials = sorted(study.trials, key=lambda trial: (trial.value is None, -(trial.value or 0)))
    rows = [
        {
            "experiment": f"{study.study_name}-{trial.number}",
            "validation accuracy": trial.state.name.lower()
            if trial.value is None
            else f"{trial.value:.2%}",
            **trial.params,
        }
        for trial in trials
    ]
    table = pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)
    return f"{table}\n"


if __name__ == "__main__":
    run(main)
