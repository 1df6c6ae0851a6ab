"""The experiments of a repository, whatever commit they started from."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from dvc.exceptions import DvcException
from dvc.repo import Repo

from shared.console import StageError

WORKSPACE = "workspace"
"""DVC's name of what lies in the working tree."""

PROJECT = "run `make report` in the project's folder, a git repository with a commit"


def read_history() -> pd.DataFrame:
    """Return a row per run: the workspace, HEAD, and each commit that has experiments with these.

    Columns: `run`, `commit`, `created` and `state`, then every metric by its name and every
    parameter as `section.name`; only what has ended well has metrics. Raises StageError outside
    a project.
    """
    try:
        with Repo() as repo:
            commits = repo.experiments.ls(all_commits=True)
            # DVC reads a commit in half a second: those without experiments are left out.
            shown = repo.experiments.show(revs=["HEAD", *commits])
    except DvcException as error:
        raise StageError(f"{str(error).rstrip('.')}; {PROJECT}") from None
    return pd.DataFrame([row for state in shown for row in _rows(state)])


def stale_stages() -> list[str]:
    """Return what of the workspace is not as `dvc repro` would leave it."""
    with Repo() as repo:
        return sorted(repo.status())


def _rows(state: Any) -> Iterator[dict[str, Any]]:
    yield _row(state, "")
    for experiment in state.experiments or []:
        executor = experiment.executor
        for revision in experiment.revs:
            yield _row(revision, executor.state if executor else "")


def _row(state: Any, status: str) -> dict[str, Any]:
    data = state.data
    commit = None if state.rev == WORKSPACE else state.rev[:7]
    row = {
        "run": state.name or commit or WORKSPACE,
        "commit": commit,
        "created": f"{data.timestamp:%Y-%m-%d %H:%M}" if data and data.timestamp else None,
        "state": "unreadable" if state.error and not status else status.lower(),
    }
    if data is None:
        return row
    if status in {"", "Success"}:  # DVC gives one that has not ended its commit's metrics
        metrics = dict(pair for file in data.metrics.values() for pair in _pairs(file))
        figures = {name: value for name, value in metrics.items() if _is_figure(value)}
        row = figures | row
        if len(figures) < len(metrics):
            row["state"] = "metrics that are no numbers"
    for file in data.params.values():
        row |= dict(_dotted(dict(_pairs(file))))
    return row


def _pairs(file: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a file holds by name, which is nothing where it holds something else."""
    content = file.get("data")
    if isinstance(content, Mapping):
        yield from content.items()


def _is_figure(value: Any) -> bool:
    """Return whether a float can hold it; anybody's metrics may be anything."""
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:
        return False


def _dotted(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in section.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{prefix}{name}", shown  # which may be a number
