"""The Markdown tables that docs/training.md shows of what benchmarks have written."""

import statistics


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
