"""The Markdown tables that docs/training.md shows of what benchmarks have written."""

import statistics
from typing import Any


def of_training(loops: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the table of training.json's `loops`: network, loop, figure."""
    columns = {
        "ms_a_step": ("ms a step of 128", "{:,.2f}"),
        "images_a_second": ("images a second", "{:,}"),
        "overhead_share": ("overhead", "{:.1%}"),
        "first_round_extra_seconds": ("before, seconds", "{:.1f}"),
    }
    heads = ["network", "loop", *(head for head, _ in columns.values())]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for network, figures in loops.items():
        for name, loop in figures.items():
            cells = [text.format(loop[key]) for key, (_, text) in columns.items()]
            lines.append(f"| `{network}` | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def of_choices(accuracies: dict[str, list[float]]) -> str:
    """Return the table of choices.json's `accuracies`, a list of seeds for each, in percent.

    The difference, in points, is to the first.
    """
    lines = ["| choice | accuracy | each seed's | difference |", "|---|---|---|---|"]
    first = statistics.mean(next(iter(accuracies.values())))
    for name, seeds in accuracies.items():
        mean = statistics.mean(seeds)
        each = ", ".join(f"{100 * accuracy:.2f}" for accuracy in seeds)
        lines.append(f"| {name} | {100 * mean:.2f} | {each} | {100 * (mean - first):+.2f} |")
    return "\n".join(lines)


def of_seeds(sets: dict[str, Any], recorded: dict[str, Any]) -> str:
    """Return the table of seeds.json: the sets whose seeds are all done, in the order of `sets`."""
    lines = [
        "| set | | test accuracy in %, mean ± sd | each seed's | validation accuracy | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name, described in sets.items():
        figures_of_set = recorded.get(name, {})
        if "test_accuracy" in figures_of_set:
            lines.append(_row(name, described["what"], figures_of_set))
    return "\n".join(lines)


def _row(name: str, what: str, recorded: dict[str, Any]) -> str:
    """Return a set's line of the table."""
    cells = [
        f"`{name}`",
        what,
        _percent(recorded["test_accuracy"]),
        ", ".join(f"{100 * seed['test_accuracy']:.2f}" for seed in recorded["seeds"].values()),
        _percent(recorded["validation_accuracy"]),
        "" if recorded["seconds"] is None else f"{recorded['seconds']:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _percent(figures: dict[str, float]) -> str:
    """Return mean ± standard deviation in percent."""
    return f"{100 * figures['mean']:.3f} ± {100 * figures['sd']:.3f}"
