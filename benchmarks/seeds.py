"""Run presets over several seeds: their accuracy, its spread, and the seconds.

`python benchmarks/seeds.py PRESET…` runs presets, files of presets/: one `dvc exp run … evaluate`
a seed, records each in benchmarks/seeds.json and prints the table of all for docs/training.md.
The experiments run in a clone of the last commit, so the workspace stays as it is and may be worked
in. From there they are pushed here as PRESET-SEED: `dvc exp show` lists them, `dvc exp apply` takes
one over, and `dvc repro` then runs what comes after its evaluation.

DVC alone decides what has to run. After an interruption the same command takes finished seeds from
the run cache and the one it stopped in from its checkpoint; changed parameters or code run again.
Seconds count from the first step to the last evaluation, as logged by the run that trained the
model; a run that went on from a checkpoint has none.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "stages"), str(ROOT / "tools")]

from benchmarks.tables import of_seeds  # noqa: E402

from running.clone import LOGS, Clone, clone, last_commit  # noqa: E402
from running.presets import Preset, read_presets  # noqa: E402
from shared.console import log, run  # noqa: E402
from shared.files import remove, write_json  # noqa: E402
from shared.params import read_yaml  # noqa: E402

FIGURES = Path(__file__).with_suffix(".json")


def main() -> None:
    """Clone, run every seed of every preset, print the table."""
    presets = read_presets()
    asked = arguments(presets)
    with clone(last_commit()) as place:
        for name in asked.presets:
            measure(name, presets[name].sets, asked.seeds, place)
    print(of_seeds({name: preset.what for name, preset in presets.items()}, figures()))  # noqa: T201 (its output)


def arguments(presets: dict[str, Preset]) -> argparse.Namespace:
    """Return what the command line asks for: `presets`, by name, and how many `seeds`."""
    parser = argparse.ArgumentParser(description="Run presets over several seeds.")
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
    clock = LOGS / name / "seconds.json"
    remove(clock)  # what stands there afterwards is of this run
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


if __name__ == "__main__":
    run(main)
