"""The Markdown tables that pages of docs/ show of what benchmarks have written."""

import statistics
from typing import Any


def of_training(figures: dict[str, Any]) -> str:
    """Return the table of training.json: network, loop, figures."""
    columns = {
        "ms_a_step": ("ms a step of 128", "{:,.2f}"),
        "images_a_second": ("images a second", "{:,}"),
        "overhead_share": ("overhead", "{:.1%}"),
        "first_round_extra_seconds": ("before, seconds", "{:.1f}"),
    }
    heads = ["network", "loop", *(head for head, _ in columns.values())]
    lines = ["| " + " | ".join(heads) + " |", "| -- " * len(heads) + "|"]
    for network, loops in figures["loops"].items():
        for name, loop in loops.items():
            cells = [text.format(loop[key]) for key, (_, text) in columns.items()]
            lines.append(f"| `{network}` | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def of_choices(figures: dict[str, Any]) -> str:
    """Return the table of choices.json: percent, and points of difference to the first choice."""
    heads = ["choice"]
    for images in figures["images"].values():
        heads += [f"{images:,} images", "each seed's", "difference"]
    lines = ["| " + " | ".join(heads) + " |", "| -- " * len(heads) + "|"]
    first = next(iter(figures["accuracies"].values()))
    for name, accuracies in figures["accuracies"].items():
        cells = [name]
        for setting, seeds in accuracies.items():
            mean = statistics.mean(seeds)
            each = ", ".join(f"{100 * accuracy:.2f}" for accuracy in seeds)
            difference = mean - statistics.mean(first[setting])
            cells += [f"{100 * mean:.2f}", each, f"{100 * difference:+.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def of_seeds(presets: dict[str, str], recorded: dict[str, Any]) -> str:
    """Return the table of seeds.json: those `presets` (what each is) whose seeds are all done."""
    lines = [
        "| preset | what | test accuracy in %, mean ± sd | each seed's | validation | seconds |",
        "| -- | -- | -- | -- | -- | -- |",
    ]
    for name, what in presets.items():
        if "test_accuracy" in recorded.get(name, {}):
            lines.append(_row(name, what, recorded[name]))
    return "\n".join(lines)


def _row(name: str, what: str, recorded: dict[str, Any]) -> str:
    """Return a preset's line of the table."""
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
