"""What a comparison found: as Markdown for people, and as plain data for programs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from comparing.changes import changed_images, per_class
from comparing.groups import Spread, welch
from comparing.inference import POWER, Estimate, Verdict, verdict
from comparing.paired import Pairs, accuracy
from comparing.runs import Run, escaped

HOW_PAIRS = (
    "Intervals at 95 %: Wilson's for an accuracy, Bonett and Price's (2012) for a difference of "
    "pairs. p: McNemar's exact. Images needed: Connor (1987), at the 5 % level."
)
HOW_GROUPS = (
    "Interval (95 %) and p: Welch's. They count the chance that lies in the seed, not the one that "
    "lies in the choice of the test images."
)


class Findings(NamedTuple):
    """The same findings twice."""

    text: str
    data: dict[str, Any]


class Group(NamedTuple):
    """At least two runs of one configuration, and what chose them."""

    name: str
    runs: Sequence[Run]

    @property
    def accuracies(self) -> list[float]:
        """Each run's accuracy."""
        return [float(run.correct.mean()) for run in self.runs]


def compare_pair(first: Run, second: Run) -> Findings:
    """Compare two runs on the same test set, image by image."""
    pairs = Pairs.of(first.correct, second.correct)
    shares = [accuracy(run.correct) for run in (first, second)]
    found = verdict(pairs.difference.value, pairs.p_value)
    classes, changed = per_class(first, second), changed_images(first, second)
    names = {"first": first.name, "second": second.name}
    runs = pd.DataFrame(
        {
            "run": names.values(),
            "accuracy": [f"{share.value:.2%}" for share in shares],
            "95 % interval": [f"{share.low:.2%} to {share.high:.2%}" for share in shares],
        }
    )
    text = _document(
        f"# `{second.name}` against `{first.name}`",
        _table(runs),
        _verdict(first.name, second.name, found, "this test set can show")
        + _figures(pairs.difference, pairs.p_value)
        + (_outlook(pairs) if found == "no difference shown" else ""),
        f"Of {pairs.images:,} test images `{second.name}` gains {pairs.gained:,} and loses "
        f"{pairs.lost:,}; {len(changed):,} are put into another class.",
        _table(classes.rename(columns=names)),
        _table(changed.rename(columns=names)) if len(changed) else "",
        HOW_PAIRS,
    )
    data = {
        "first": {"name": first.name, "accuracy": shares[0]._asdict()},
        "second": {"name": second.name, "accuracy": shares[1]._asdict()},
        "difference": pairs.difference._asdict(),
        "p_value": pairs.p_value,
        "verdict": found,
        **pairs._asdict(),
        "images_needed": pairs.images_needed,
        "classes": classes.to_dict("records"),
        "changed": changed.to_dict("records"),
    }
    return Findings(text, data)


def compare_groups(first: Group, second: Group | None) -> Findings:
    """Describe a group of runs on one test set, and compare it with a second one."""
    groups = [first, second] if second else [first]
    spreads = [Spread.of(group.accuracies) for group in groups]
    table = pd.DataFrame(
        {
            "runs": [f"`{group.name}`" for group in groups],
            "number": [len(group.runs) for group in groups],
            "accuracy": [f"{mean:.2%} ± {100 * deviation:.2f}" for mean, deviation in spreads],
            "lowest": [f"{min(group.accuracies):.2%}" for group in groups],
            "highest": [f"{max(group.accuracies):.2%}" for group in groups],
        }
    )
    data: dict[str, Any] = {
        side: {
            "name": group.name,
            **spread._asdict(),
            "runs": {run.name: float(run.correct.mean()) for run in group.runs},
        }
        for side, group, spread in zip(("first", "second"), groups, spreads, strict=False)
    }
    if second is None:
        return Findings(
            _document(f"# `{first.name}`", _table(table), _runs(first), "Mean ± sd."), data
        )
    difference, p_value = welch(first.accuracies, second.accuracies)
    found = verdict(difference.value, p_value)
    text = _document(
        f"# `{second.name}` against `{first.name}`",
        _table(table),
        _verdict(first.name, second.name, found, "these runs can show")
        + _figures(difference, p_value),
        *map(_runs, groups),
        "Accuracies are mean ± sd. " + HOW_GROUPS,
    )
    data |= {"difference": difference._asdict(), "p_value": p_value, "verdict": found}
    return Findings(text, data)


def _runs(group: Group) -> str:
    """Say which runs a group has, since a pattern may fit some that nobody thought of."""
    return f"`{group.name}`: {', '.join(escaped(run.name) for run in group.runs)}."


def _verdict(first: str, second: str, found: Verdict, shown_by: str) -> str:
    if found == "no difference shown":
        return f"**No difference that {shown_by}** between `{second}` and `{first}`: "
    return f"**`{second}` is {found} than `{first}`**: "


def _figures(difference: Estimate, p_value: float) -> str:
    value, low, high = (f"{100 * figure:+.2f}" for figure in difference)
    chance = f"p = {p_value:.2g}" if p_value >= 0.0001 else "p < 0.0001"
    return f"{value} points (95 % interval {low} to {high}), {chance}."


def _outlook(pairs: Pairs) -> str:
    if pairs.images_needed is None:
        return (
            " Both are right equally often here, which tells nothing of how many images could show "
            "a difference."
        )
    more = pairs.images_needed - pairs.images
    return (
        f" To show a difference of this size with {POWER:.0%} power, where images change as often "
        f"as here, takes {pairs.images_needed:,} images: {more:,} more."
    )


def _table(table: pd.DataFrame) -> str:
    cells = table.rename(columns=escaped).map(lambda cell: escaped(f"{cell}"))
    return str(cells.to_markdown(index=False, disable_numparse=True))


def _document(*paragraphs: str) -> str:
    return "\n\n".join(filter(None, paragraphs)) + "\n"
