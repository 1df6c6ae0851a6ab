"""The whole of it: the working tree as a fresh clone, with real git and real dvc, in few steps."""

import csv
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from checkout import Project, working_tree
from conftest import ROOT
from shared.files import sha256

STAGES = ["download", "preprocess", "train", "evaluate", "robustness", "export"]
SMALL: dict[str, dict[str, Any]] = {
    "train": {"steps": 30, "eval_every": 15, "width": 12},
    "export": {"minimum_accuracy": 0.0, "minimum_balanced_accuracy": 0.0},
}
FROM_RUN_CACHE = re.compile(r"Stage '(\w+)' is cached - skipping run")


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the working tree in which `dvc repro` has run and the result is committed."""
    project = working_tree(tmp_path_factory.mktemp("project"))
    for section, values in SMALL.items():
        project.set(section, **values)
    (project.folder / "dvc.lock").unlink()
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    assert project.runs("repro") == STAGES
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "small")
    return project


@pytest.fixture
def project(committed: Project) -> Iterator[Project]:
    """The committed project, and the workspace restored afterwards."""
    yield committed
    if committed.run("git", "status", "--porcelain"):
        committed.restore()


def test_a_second_repro_runs_nothing(committed: Project) -> None:
    assert committed.runs("repro") == []


def test_metrics_agree_with_each_other_and_with_the_files(committed: Project) -> None:
    evaluated, exported = (
        committed.json("metrics/evaluate.json"),
        committed.json("metrics/export.json"),
    )
    assert exported["onnx_accuracy"] == exported["tflite_accuracy"] == evaluated["test_accuracy"]
    assert committed.json("metrics/data.json")["train_rows"] == 3500
    recipe = committed.json("models/recipe.json")
    assert recipe["data"]["train"] == sha256(committed.folder / "data/prepared/train.npz")
    assert recipe["parameters"]["steps"] == committed.json("metrics/train.json")["steps"] == 30


def test_a_fresh_clone_reproduces_every_byte(project: Project, tmp_path: Path) -> None:
    clone = project.clone(tmp_path / "clone")
    # All that robustness writes is in git, and what it reads comes out the same.
    assert clone.runs("repro") == [stage for stage in STAGES if stage != "robustness"]
    assert clone.run("git", "status", "--porcelain") == ""


def test_the_gate_stops_the_export_alone_and_says_why(project: Project) -> None:
    project.set("export", minimum_accuracy=1.0)
    output = project.run("dvc", "repro", fails=True)
    assert re.findall(r"Running stage '(\w+)'", output) == ["export"]
    assert "export.minimum_accuracy" in output
    assert not (project.folder / "export/model.onnx").exists()


def test_what_was_exported_reads_its_own_test_table_and_pictures_of_it(
    project: Project, tmp_path: Path
) -> None:
    script, table = project.folder / "export/predict.py", "data/raw/test/table.csv"
    rows = json.loads(project.run(sys.executable, script, table, "--format", "json"))
    labels = [line.rsplit(",", 1)[1] for line in (project.folder / table).read_text().split()]
    right = [row["label"] == label for row, label in zip(rows, labels, strict=True)]
    evaluated = project.json("metrics/evaluate.json")
    assert sum(right) / len(right) == pytest.approx(evaluated["test_accuracy"])

    assert evaluated["temperature"] != 1
    with (project.folder / "plots/predictions.csv").open(newline="") as file:
        confidence = [float(row["confidence"]) for row in csv.DictReader(file)]
    assert [row["probability"] for row in rows] == pytest.approx(confidence, abs=1e-4)

    with np.load(project.folder / "data/prepared/test.npz") as test:
        images = test["images"][:50, :, :, 0]
    paths = [tmp_path / f"{number:02}.jpg" for number in range(50)]
    for image, path in zip(images, paths, strict=True):
        Image.fromarray(255 - image).resize((400, 400)).save(path)
    pictures = json.loads(project.run(sys.executable, script, *paths, "--format", "json"))
    same = [a["label"] == b["label"] for a, b in zip(rows[:50], pictures, strict=True)]
    assert sum(same) >= 40


def test_comments_and_other_datasets_stale_nothing(project: Project) -> None:
    for path in ("params.yaml", "datasets/mnist/entry.yaml"):
        with (project.folder / path).open("a") as file:
            file.write("# a comment\n")
    assert project.runs("repro") == []


def test_wrong_parameters_are_refused_by_name(project: Project) -> None:
    wrong = project.run("dvc", "exp", "run", "-S", "preprocess.validation_size=0", fails=True)
    assert "params.yaml: preprocess.validation_size: must be greater than 0, is 0" in wrong
    project.restore()
    unknown = project.run("dvc", "exp", "run", "-S", "download.dataset=minst", fails=True)
    assert "datasets/minst" in unknown


def test_experiments_are_run_shown_compared_applied_and_undone_from_the_run_cache(
    project: Project,
) -> None:
    settings = (
        *("--set-param", "preprocess.seed=1"),
        *("--set-param", "train.steps=40"),
        *("-S", "train.learning_rate=0.00001"),  # written as 1e-05
        *("-S", "export.formats=[onnx]"),
    )
    ran = project.runs("exp", "run", "--name", "longer", *settings)
    assert ran == STAGES[1:], "nothing is downloaded again"
    exported = {path.name for path in (project.folder / "export").iterdir()}
    assert exported == {
        "MODEL_CARD.md",
        "dataset.json",
        "labels.json",
        "model.onnx",
        "predict.py",
        "predicting",
    }
    assert "tflite_bytes" not in project.json("metrics/export.json")
    difference = json.loads(project.run("dvc", "metrics", "diff", "--json"))
    assert difference["metrics/train.json"]["steps"] == {"old": 30, "new": 40, "diff": 10}
    parameters = json.loads(project.run("dvc", "params", "diff", "--json"))
    assert parameters["params.yaml"]["train.steps"] == {"old": 30, "new": 40, "diff": 10}
    project.restore()
    assert project.json("metrics/train.json")["steps"] == 30

    shown = project.run("dvc", "exp", "show", "--csv")
    assert "longer" in shown
    assert "test_accuracy" in shown
    project.run("dvc", "exp", "apply", "longer")
    assert project.json("metrics/train.json")["steps"] == 40
    assert project.runs("repro") == []
    assert (project.folder / "logs/longer").is_dir(), "TensorBoard's folder bears the name"

    project.run("git", "checkout", "params.yaml")
    output = project.run("dvc", "repro")
    assert "Running stage" not in output
    assert FROM_RUN_CACHE.findall(output) == STAGES[1:]


def test_a_queue_runs_a_grid_and_temp_leaves_the_workspace_alone(project: Project) -> None:
    size, seed = "preprocess.validation_size=choice(400,600)", "preprocess.seed=range(1,2,1)"
    grid = ("-S", size, "-S", seed, "preprocess")
    assert project.run("dvc", "exp", "run", "--queue", *grid).count("Queued") == 2
    project.run("dvc", "queue", "start")
    project.run("dvc", "queue", "logs", "--follow", queued(project)[-1])
    aside = ("--name", "aside", "-S", "preprocess.on_overlap=drop")
    assert project.runs("exp", "run", "--temp", *aside, "preprocess") == ["preprocess"]
    deadline = time.monotonic() + 120
    while any(status in project.run("dvc", "queue", "status") for status in ("Queued", "Running")):
        assert time.monotonic() < deadline
        time.sleep(1)
    assert "Failed" not in project.run("dvc", "queue", "status")
    names = project.run("dvc", "exp", "list", "--name-only").split()
    assert "aside" in names
    assert len(names) >= 3
    assert project.run("git", "status", "--porcelain") == ""


def queued(project: Project) -> list[str]:
    return re.findall(r"^([0-9a-f]{7})", project.run("dvc", "queue", "status"), re.MULTILINE)


def test_plots_render_without_a_network(project: Project) -> None:
    project.run("dvc", "plots", "show")
    page = (project.folder / "dvc_plots/index.html").read_text()
    for title in (
        "Loss",
        "Learning rate",
        "Validation accuracy",
        "Confusion",
        "Calibration",
        "F1 per class",
        "Accuracy on corrupted test images",
        "Rows per class",
        "classes.png",
        "mistakes.png",
    ):
        assert title in page
    assert "../.dvc/vega.js" in page
    assert "vegaEmbed" in (ROOT / ".dvc/vega.js").read_text(), "`make` writes it"
    project.run("dvc", "plots", "diff", "HEAD")
    assert "mistakes.png" in (project.folder / "dvc_plots/index.html").read_text()


def test_results_travel_through_a_remote(project: Project, tmp_path: Path) -> None:
    remote = tmp_path / "remote"
    project.run("dvc", "remote", "add", "--local", "--default", "shelf", remote)
    project.run("dvc", "push")
    project.run("dvc", "remote", "remove", "--local", "shelf")
    clone = project.clone(tmp_path / "clone")
    clone.run("dvc", "remote", "add", "--local", "--default", "shelf", remote)
    clone.run("dvc", "pull")
    assert clone.runs("repro") == []
    assert (clone.folder / "export/model.onnx").exists()
