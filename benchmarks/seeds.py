"""Run presets over several seeds: their accuracy, its spread, and the seconds.

    python benchmarks/seeds.py compact accurate --seeds 3

Each seed is one `dvc exp run … evaluate`, recorded in benchmarks/seeds.json; at the end it prints
the table of all presets for docs/training.md. The experiments run in a clone of the last commit, so
the workspace stays as it is and may be worked in. From there they are pushed here as PRESET-SEED:
`dvc exp show` lists them, `dvc exp apply` takes one over, and `dvc repro` then runs what comes
after its evaluation.

DVC alone decides what has to run. After an interruption the same command takes finished seeds from
the run cache and the one it stopped in from its checkpoint; changed parameters or code run again.
Seconds count from the first step to the last evaluation, as logged by the run that trained the
model; a run that went on from a checkpoint has none.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import setting
from project import ROOT, command_line
from running.clone import Clone, clone, last_commit
from running.presets import Preset, read_presets
from shared.console import log, run
from shared.files import write_json
from shared.params import read_yaml

FIGURES = Path(__file__).resolve().with_suffix(".json")


def main() -> None:
    """Clone, run every seed of every preset, print the table."""
    presets = read_presets()
    asked = arguments(presets)
    with clone(last_commit()) as place:
        for name in asked.presets:
            measure(name, presets[name].sets, asked.seeds, place)
    print(table(presets, figures()))  # noqa: T201 (its output)


def arguments(presets: dict[str, Preset]) -> argparse.Namespace:
    """Return what the command line asks for: `presets`, by name, and how many `seeds`."""
    parser = command_line(__doc__)
    parser.add_argument(
        "presets", nargs="+", choices=presets, metavar="PRESET", help=", ".join(presets)
    )
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="how many (5)")
    asked = parser.parse_args()
    if asked.seeds < 2:
        parser.error("--seeds: at least 2, since one has no spread")
    return asked


def measure(name: str, parameters: dict[str, Any], seeds: int, place: Clone) -> None:
    """Record each seed of the preset once it is done and, after the last, what they come to."""
    earlier = figures().get(name, {}).get("seeds", {})
    described = {"set": parameters, "defaults": defaults(parameters)}
    done: dict[str, Any] = {}
    for seed in range(seeds):
        result = experiment(f"{name}-{seed}", {**parameters, "train.seed": seed}, place)
        before = earlier.get(str(seed))
        if before and before["model"] == result["model"] and result["seconds"] is None:
            result["seconds"] = before["seconds"]
        done[str(seed)] = result
        record(name, {**described, "seeds": {**earlier, **done}})
    record(name, {**described, "seeds": done, **summary(list(done.values()))})


def defaults(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what a preset's figures hang on that it leaves to params.yaml, by section.name."""
    sections = read_yaml(ROOT / "params.yaml")
    return {
        key: value
        for section in ("download", "preprocess", "train")
        for name, value in sections[section].items()
        if (key := f"{section}.{name}") not in {*parameters, "train.seed"}
    }


def experiment(name: str, parameters: dict[str, Any], place: Clone) -> dict[str, Any]:
    """Run one experiment in the clone and return its accuracies, seconds and model's hash."""
    clock = place.logs / name / "seconds.json"
    clock.unlink(missing_ok=True)  # what stands there afterwards is of this run
    settings = [f"{key}={json.dumps(value)}" for key, value in parameters.items()]
    place.run(name, settings, "evaluate")
    folder = place.folder
    outs = read_yaml(folder / "dvc.lock")["stages"]["train"]["outs"]
    result = {
        "test_accuracy": read_json(folder / "metrics/evaluate.json")["test_accuracy"],
        "validation_accuracy": read_json(folder / "metrics/train.json")["validation_accuracy"],
        "seconds": seconds(clock),
        "model": next(out["md5"] for out in outs if out["path"] == "models/model.keras"),
    }
    log.info("%s: %s", name, result)
    return result


def seconds(clock: Path) -> float | None:
    """Return how long training took, or None if it did not run, or not in one go."""
    if not clock.exists() or (times := read_json(clock))["resumed"]:
        return None
    return float(times["training"])


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the seeds come to: the spread of either accuracy, and the mean seconds."""
    known = [result["seconds"] for result in results if result["seconds"] is not None]
    return {
        "test_accuracy": spread([result["test_accuracy"] for result in results]),
        "validation_accuracy": spread([result["validation_accuracy"] for result in results]),
        "seconds": round(statistics.mean(known), 2) if known else None,
    }


def spread(values: list[float]) -> dict[str, float]:
    """Return mean, sample standard deviation and the mean's standard error."""
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    error = deviation / len(values) ** 0.5
    return {"mean": round(mean, 6), "sd": round(deviation, 6), "sem": round(error, 6)}


def figures() -> dict[str, Any]:
    """Return what is recorded, by preset."""
    recorded: dict[str, Any] = read_json(FIGURES) if FIGURES.exists() else {}
    return recorded


def record(name: str, of_set: dict[str, Any]) -> None:
    """Write one preset's figures beside those of the others."""
    write_json(FIGURES, {**figures(), name: of_set})


def read_json(path: Path) -> Any:
    """Return what the JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def table(presets: dict[str, Preset], recorded: dict[str, Any]) -> str:
    """Return the figures of the presets whose seeds are all done, as Markdown."""
    heads = ["preset", "what", "test accuracy in %, mean ± sd", "each seed's"]
    done = [name for name in presets if "test_accuracy" in recorded.get(name, {})]
    return setting.markdown(
        [*heads, "validation", "seconds"],
        [[f"`{name}`", presets[name].what, *_cells(recorded[name])] for name in done],
    )


def _cells(recorded: dict[str, Any]) -> list[str]:
    """Return a preset's figures for the table."""
    test, validation = (
        f"{100 * recorded[name]['mean']:.3f} ± {100 * recorded[name]['sd']:.3f}"
        for name in ("test_accuracy", "validation_accuracy")
    )
    each = ", ".join(f"{100 * seed['test_accuracy']:.2f}" for seed in recorded["seeds"].values())
    seconds = recorded["seconds"]
    return [test, each, validation, "" if seconds is None else f"{seconds:.1f}"]


if __name__ == "__main__":
    run(main)
