"""benchmarks/seeds.py with real git and real dvc: killed, interrupted, started again."""

import json
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from checkout import Project, working_tree
from processes import terminate, wait

SCRIPT = "benchmarks/seeds.py"
FIGURES = "benchmarks/seeds.json"
QUICK = {
    "train.steps": 400,  # so many that no kill comes too late
    "train.eval_every": 20,
    "train.batch_size": 8,
    "train.width": 4,
    "preprocess.validation_size": 100,
    "train.learning_rate": 0.00001,  # written as 1e-05
}


class Seeds(Project):
    """A project in which the script is run for two seeds, and its temporary files are at hand."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        super().__init__(folder)
        self.temporary = temporary
        self.environment["TMPDIR"] = str(temporary)

    def write_presets(self, **sets: dict[str, Any]) -> None:
        for name, values in sets.items():
            preset = {"what": f"the {name} one", "sets": values, "reaches": "little"}
            (self.folder / f"presets/{name}.yaml").write_text(yaml.safe_dump(preset))

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, SCRIPT, "quick", "--seeds", "2"],
            cwd=self.folder,
            env=self.environment,
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def seeds(self, name: str) -> str:
        return self.run(sys.executable, SCRIPT, name, "--seeds", "2")

    def figures(self) -> dict[str, Any]:
        path = self.folder / FIGURES
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def of_experiment(self, kind: str, name: str) -> Any:
        return json.loads(self.run("dvc", kind, "diff", "--all", "--json", "HEAD", name))

    def newest_checkpoint(self) -> str:
        return max(map(str, self.folder.glob(".checkpoints/*/0*.npz")), default="")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Seeds:
    """A project in which one seed is done and another well begun.

    First the power is cut (the script, dvc and its stage die at once), then the script is
    terminated.
    """
    tree = working_tree(tmp_path_factory.mktemp("project"))
    project = Seeds(tree.folder, tmp_path_factory.mktemp("temporary"))
    (project.folder / FIGURES).unlink(missing_ok=True)
    project.write_presets(quick=QUICK, other=QUICK)
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "quick")

    log = project.temporary / "log"
    cut = project.start(log)
    wait(lambda: "quick" in project.figures() and project.newest_checkpoint(), cut, log)
    family = psutil.Process(cut.pid).children(recursive=True)
    cut.kill()
    for process in family:
        process.kill()
    cut.wait()
    psutil.wait_procs(family)

    last = project.newest_checkpoint()
    terminated = project.start(log)
    wait(lambda: project.newest_checkpoint() > last, terminated, log)
    terminate(terminated)
    return project


def test_it_goes_on_where_it_was_and_keeps_what_it_had(interrupted: Seeds) -> None:
    project = interrupted
    before = project.figures()["quick"]
    assert list(before["seeds"]) == ["0"]
    assert "test_accuracy" not in before, "no mean before all is done"
    output = project.seeds("quick")
    first, second = output.split("Reproducing experiment 'quick-1'")
    assert "Running stage" not in first
    assert "going on from" in second
    assert re.findall(r"Running stage '(\w+)'", second) == ["train", "evaluate"]
    figures = project.figures()["quick"]
    assert figures["set"] == QUICK
    assert figures["defaults"]["train.dropout"] == 0.0
    assert not figures["defaults"].keys() & {*QUICK, "train.seed"}
    assert list(figures["seeds"]) == ["0", "1"]
    assert figures["seeds"]["0"] == before["seeds"]["0"]
    assert figures["seeds"]["0"]["seconds"] == figures["seconds"] > 0
    assert figures["seeds"]["1"]["seconds"] is None, "it was not trained in one go"
    assert figures["seeds"]["0"]["model"] != figures["seeds"]["1"]["model"]

    for name in ("test_accuracy", "validation_accuracy"):
        values = [seed[name] for seed in figures["seeds"].values()]
        assert figures[name]["mean"] == pytest.approx(statistics.mean(values))
        assert figures[name]["sd"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5, abs=1e-6)
        assert figures[name]["sem"] == pytest.approx(abs(values[0] - values[1]) / 2, abs=1e-6)
    one, two = (f"{100 * seed['test_accuracy']:.2f}" for seed in figures["seeds"].values())
    assert f"| {one}, {two} |" in output.splitlines()[-1]

    assert project.run("git", "status", "--porcelain").split() == ["??", FIGURES]
    assert not list(project.folder.glob(".checkpoints/*"))
    for seed in "01":
        metrics = project.of_experiment("metrics", f"quick-{seed}")["metrics/evaluate.json"]
        assert metrics["test_accuracy"]["new"] == figures["seeds"][seed]["test_accuracy"]


def test_another_preset_leaves_the_first_s_figures_alone(interrupted: Seeds) -> None:
    before = interrupted.figures()["quick"]
    assert "Running stage" not in interrupted.seeds("other"), "the same runs by another name"
    figures = interrupted.figures()
    assert figures["quick"] == before
    assert figures["other"]["test_accuracy"] == before["test_accuracy"]
    assert figures["other"]["seconds"] is None


def test_a_changed_preset_runs_again_and_takes_the_place_of_its_experiments(
    interrupted: Seeds,
) -> None:
    project = interrupted
    before = project.figures()["quick"]
    project.write_presets(quick={**QUICK, "preprocess.on_overlap": "drop"})  # there is none
    output = project.seeds("quick")
    assert re.findall(r"Running stage '(\w+)'", output) == ["preprocess"]
    figures = project.figures()["quick"]
    assert figures["set"]["preprocess.on_overlap"] == "drop"
    assert figures["seeds"] == before["seeds"], "with the seconds of the runs that trained"
    params = project.of_experiment("params", "quick-1")["params.yaml"]
    assert params["preprocess.on_overlap"]["new"] == "drop"
    assert params["train.seed"]["new"] == 1


def test_what_is_not_committed_is_refused(interrupted: Seeds) -> None:
    interrupted.set("train", steps=7)
    refusal = interrupted.run(sys.executable, SCRIPT, "quick", fails=True)
    assert "M params.yaml" in refusal
    interrupted.run("git", "checkout", "params.yaml")


def test_nothing_is_left_in_the_temporary_folder(interrupted: Seeds) -> None:
    assert not list(interrupted.temporary.glob("experiments-*"))
