"""Presets fit the stages, say what was measured, and are run whole, with real dvc."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from checkout import Project, working_tree
from conftest import ROOT, params_model
from running.presets import read_presets
from seeds import table
from shared.console import StageError

PRESETS = read_presets()
MEASURED = json.loads((ROOT / "benchmarks/seeds.json").read_text(encoding="utf-8"))
ARTICLE: dict[str, dict[str, Any]] = {
    "download": {"dataset": "mnist"},
    "preprocess": {"split": "tail", "validation_size": 500},
    "train": {
        "network": "tutorial",
        "padding": "same",
        "pooling": "max",
        "activation": "relu",
        "dropout": 0.5,
        "steps": 10000,
        "batch_size": 128,
        "order": "file",
        "augmentation": 0,
        "photometric": 0,
        "label_smoothing": 0,
        "calibration": "none",
        "optimizer": "adam",
        "learning_rate": 0.0001,
        "schedule": "constant",
        "eval_every": 1000,
    },
}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_valid(name: str) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for key, value in PRESETS[name].sets.items():
        section, parameter = key.split(".")
        assert parameter in params[section], key
        params[section][parameter] = value
    for stage, values in params.items():
        params_model(stage).model_validate(values)
    assert (ROOT / f"datasets/{params['download']['dataset']}/entry.yaml").exists()
    assert "train.seed" not in PRESETS[name].sets, "for seeds.py to set"


def test_the_tutorial_s_preset_is_the_article_s_run() -> None:
    assert PRESETS["tutorial"].sets == {
        f"{section}.{name}": value
        for section in ARTICLE
        for name, value in ARTICLE[section].items()
    }


@pytest.mark.parametrize("name", MEASURED)
def test_a_preset_says_what_was_measured_with_the_values_that_it_sets(name: str) -> None:
    assert MEASURED[name]["set"] == PRESETS[name].sets
    mean, deviation = (100 * MEASURED[name]["test_accuracy"][key] for key in ("mean", "sd"))
    said = PRESETS[name].reaches
    assert f"{mean:.2f} ± {deviation:.2f} %" in said
    assert f"`python benchmarks/seeds.py {name}`" in said


def test_the_documentation_has_the_table_of_what_was_measured() -> None:
    assert table(PRESETS, MEASURED) in (ROOT / "docs/training.md").read_text(encoding="utf-8")


def test_a_preset_of_another_form_is_refused_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("what: mine\nset: {train.steps: 1}\n")
    with pytest.raises(StageError, match=r"mine\.yaml\.set: unknown name"):
        read_presets(tmp_path)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A commit of the working tree, without a result."""
    project = working_tree(tmp_path_factory.mktemp("project"))
    (project.folder / "dvc.lock").unlink()
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "all")
    return project


def test_a_preset_is_run_whole_and_nothing_of_an_earlier_run_lingers(project: Project) -> None:
    committed = yaml.safe_load((project.folder / "params.yaml").read_text())
    project.set("train", width=7, steps=300)
    project.set("robustness", seed=5)
    project.set("export", formats=["onnx"])
    project.set("train", step=100)  # as `-S +train.step=100` leaves it
    arguments = ["--dataset=mnist-5k", "-n", "mine", "-S", "train.seed=3", "download"]
    said = project.run("python", "tools/run.py", "accurate", *arguments)
    assert "robustness.seed: 5, put back to 0" in said
    assert "export.formats: ['onnx'], put back to ['saved_model'," in said
    assert said.count("put back") == 2, "the preset sets the others"
    assert "train.step: 100, taken out" in said
    assert "Running stage 'download'" in said
    assert "preprocess" not in said
    for key, value in PRESETS["accurate"].sets.items():
        section, name = key.split(".")
        committed[section][name] = value
    committed["download"]["dataset"] = "mnist-5k"
    committed["train"]["seed"] = 3
    assert yaml.safe_load((project.folder / "params.yaml").read_text()) == committed
    assert "mine" in project.run("dvc", "exp", "list", "--name-only")


@pytest.mark.parametrize(
    ("arguments", "known"),
    [(["acurate"], "'accurate', 'accurate-fashion'"), (["accurate", "--dataset=x"], "'mnist-5k'")],
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    project: Project, arguments: list[str], known: str
) -> None:
    assert known in project.run("python", "tools/run.py", *arguments, fails=True)


def test_a_run_aside_in_a_shallow_clone_is_refused_with_the_cure(
    project: Project, tmp_path: Path
) -> None:
    project.run("git", "commit", "--quiet", "--allow-empty", "--message", "a history")
    shallow = Project(tmp_path / "shallow")
    project.run("git", "clone", "--quiet", "--depth=1", project.folder.as_uri(), shallow.folder)
    said = shallow.run("python", "tools/run.py", "tutorial", "--temp", fails=True)
    assert said.startswith("error: this is a shallow clone")
    assert said.count("\n") == 1
    assert "`git fetch --unshallow`" in said
