"""What a run said of each test image, at any revision, branch or experiment."""

import fnmatch
import hashlib
import io
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.utils.serialize import YAMLError, parse_yaml

from shared.console import StageError

WORKSPACE = "workspace"
"""The name, DVC's own, of what lies in the working tree."""

LOCK = "dvc.lock"
PREDICTIONS = "plots/predictions.csv"
TEST_SET = "data/prepared/test.npz"


def escaped(text: str) -> str:
    """Return text of anybody's for a terminal and for a cell of Markdown: nothing in it acts."""
    shown = (
        # The two joiners belong to the words of some scripts.
        character
        if character.isprintable() or character in "\u200c\u200d"
        else ascii(character)[1:-1]
        for character in text
    )
    return "".join(shown).replace("|", r"\|")


class Run(NamedTuple):
    """One evaluated model: its predictions, and the MD5 of the test set that they are for.

    `predictions` has a row per test image: `actual` and `predicted`, class names.
    """

    name: str
    test_set: str
    predictions: pd.DataFrame

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether the predicted class is the actual one [N]."""
        return (self.predictions["predicted"] == self.predictions["actual"]).to_numpy()


def revisions_of(choice: str) -> dict[str, str]:
    """Return the runs that a comma-separated list stands for: what to call each, and its revision.

    A name with `*`, `?` or `[` is a pattern for experiments, of whatever commit; a name that stands
    at several commits is called `NAME at COMMIT`. Raises StageError for a pattern that fits none,
    and for an empty list.
    """
    revisions: dict[str, str] = {}
    for part in filter(None, map(str.strip, choice.split(","))):
        found = _experiments_like(part) if set(part) & set("*?[") else {part: part}
        revisions |= {name: revision for name, revision in found.items() if name not in revisions}
    if not revisions:
        raise StageError(f"{choice!r} names no run")
    return revisions


def _experiments_like(pattern: str) -> dict[str, str]:
    try:
        with Repo() as repo:
            found = repo.experiments.ls(all_commits=True)
    except DvcException as error:
        raise StageError(f"{pattern}: {error}; run from the project's folder") from None
    named = [
        (name, commit, str(revision))
        for commit, experiments in found.items()
        for name, revision in experiments
    ]
    times = Counter(name for name, _, _ in named)
    fitting = {
        name if times[name] == 1 else f"{name} at {commit[:7]}": revision
        for name, commit, revision in sorted(named)
        if fnmatch.fnmatch(name, pattern)
    }
    if not fitting:
        raise StageError(f"{pattern}: no experiment has such a name; `dvc exp list -A` shows all")
    return fitting


def read_run(name: str, revision: str | None = None) -> Run:
    """Return what the run of that name, and revision if it has another, predicted.

    dvc.lock is asked which test set that was: its record of the evaluate stage holds the MD5s of
    what the stage read and wrote. Raises StageError for an unknown name, for a revision that was
    not evaluated, and where dvc.lock is damaged or does not record predictions.csv as it is.
    """
    try:
        files = DVCFileSystem(rev=None if name == WORKSPACE else revision or name)
        lock, table = files.read_bytes(LOCK), files.read_bytes(PREDICTIONS)
    except FileNotFoundError as error:
        raise StageError(f"{name}: has no {error.filename}; `dvc repro` makes it") from None
    except DvcException as error:
        raise StageError(
            f"{name}: {error}; in the project's folder `dvc exp list -A` shows all experiments"
        ) from None
    except (AttributeError, KeyError):  # of a file or a folder in git, which has no tree
        raise StageError(f"{name}: is no commit; name a revision, branch or experiment") from None
    recorded = _recorded(name, lock)
    if recorded.get(PREDICTIONS) != hashlib.md5(table, usedforsecurity=False).hexdigest():
        raise StageError(
            f"{name}: {PREDICTIONS} is not what {LOCK} records, so nobody knows for which test set "
            "it is; `dvc repro` makes both anew"
        )
    # The name of a class may look like a number, or like a missing value.
    try:
        rows = pd.read_csv(io.BytesIO(table), dtype=str, keep_default_na=False)
        return Run(name, recorded[TEST_SET], rows[["actual", "predicted"]])
    except (ValueError, KeyError) as error:
        raise StageError(
            f"{name}: {PREDICTIONS} or {LOCK} is not as the evaluate stage leaves it "
            f"({escaped(f'{error}')}); `dvc repro evaluate` makes both anew"
        ) from None


def _recorded(name: str, lock: bytes) -> dict[str, str]:
    """Return the MD5 of each file that evaluate read or wrote, by dvc.lock."""
    try:
        stage = parse_yaml(lock, LOCK)["stages"].get("evaluate", {})
        files = stage.get("deps", []) + stage.get("outs", [])
        return {entry["path"]: entry["md5"] for entry in files}
    except (YAMLError, AttributeError, KeyError, TypeError):
        raise StageError(
            f"{name}: {LOCK} cannot be read (a merge that is not done?); `git checkout HEAD "
            f"{LOCK}`, then `dvc repro`"
        ) from None


def check_same_test_set(runs: Iterable[Run]) -> None:
    """Raise StageError where two runs were not evaluated on the same images in the same order.

    Or under other names for the classes, which would make every image of a class a change.
    """
    for one, other in pairwise(runs):
        if one.test_set != other.test_set:
            raise StageError(
                f"{one.name} and {other.name} were evaluated on different test sets ({TEST_SET} "
                f"has the MD5 {one.test_set} and {other.test_set}), which compares nothing; "
                "evaluate both on the same data (download, preprocess)"
            )
        if not one.predictions["actual"].equals(other.predictions["actual"]):
            raise StageError(
                f"{one.name} and {other.name} call the classes of the test set by different names; "
                "evaluate both with the same names (`classes` in the dataset's entry)"
            )
