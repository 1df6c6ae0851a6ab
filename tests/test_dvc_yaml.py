"""The contract: dvc.yaml declares exactly what the code uses."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT, params_model
from imports import imported_modules

STAGES = ROOT / "stages"
PIPELINE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "params.yaml").read_text())
# Paths that depend on the machine, not on the experiment.
UNDECLARED = {".checkpoints", "logs", "params.yaml"}

# What only watches a stage at work changes no result, so that it may change without one running
# again; and it may know what it watches.
WATCHING = STAGES / "watching"
# Images to train on and images to classify are read alike, by what is sent with the model.
ALSO = {"watching": {"training"}, "downloading": {"predicting"}}

each_stage = pytest.mark.parametrize("stage", PIPELINE)


def paths(entries: list[Any]) -> set[str]:
    """The paths of a list in which an entry is a path, or a path with options."""
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def declared_files(stage: str) -> set[str]:
    """All data paths that dvc.yaml declares for a stage, code and requirements aside."""
    entry = PIPELINE[stage]
    kinds = ("deps", "outs", "metrics", "plots")
    everything = set().union(*(paths(entry.get(kind, [])) for kind in kinds))
    return {path for path in everything if not path.startswith("stages/")} - {"requirements.txt"}


def import_closure(script: Path) -> set[Path]:
    """The files under stages/ that a script's result depends on, itself included."""
    found: set[Path] = set()
    todo = [script]
    while todo:
        file = todo.pop()
        found.add(file)
        candidates = {STAGES / f"{name.replace('.', '/')}.py" for name in imported_modules(file)}
        todo += [
            path
            for path in candidates
            if path.exists() and path not in found and path.parent != WATCHING
        ]
    return found


def literal_paths(script: Path) -> set[str]:
    """The arguments of Path("…") at the top of a script."""
    strings = set()
    for statement in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            call = statement.value
            if isinstance(call.func, ast.Name) and call.func.id == "Path":
                [argument] = call.args
                assert isinstance(argument, ast.Constant)
                strings.add(str(argument.value))
    return strings


def test_every_script_is_a_stage_and_every_stage_a_script() -> None:
    assert {path.stem for path in STAGES.glob("*.py")} == set(PIPELINE)
    for stage, entry in PIPELINE.items():
        assert entry["cmd"] == f"python stages/{stage}.py"


@each_stage
def test_deps_cover_the_code_that_a_stage_imports_and_no_more(stage: str) -> None:
    code = {path for path in paths(PIPELINE[stage]["deps"]) if path.startswith("stages/")}
    imported = {
        path.relative_to(ROOT).as_posix() for path in import_closure(STAGES / f"{stage}.py")
    }
    packages = {path for path in code if (ROOT / path).is_dir()}
    in_packages = {path for path in imported if any(path.startswith(f"{p}/") for p in packages)}
    assert imported - in_packages == code - packages
    for package in packages:
        unused = {p.relative_to(ROOT).as_posix() for p in (ROOT / package).rglob("*.py")} - imported
        assert not unused, f"{package} holds what no script imports"


def test_packages_import_only_themselves_and_shared() -> None:
    rooms = {path.stem for path in STAGES.iterdir()}
    for file in STAGES.glob("*/**/*.py"):
        room = file.relative_to(STAGES).parts[0]
        ours = {name.split(".")[0] for name in imported_modules(file)} & rooms
        allowed = {"shared", "watching", room} | ALSO.get(room, set())
        assert ours <= allowed, f"{file} imports a sibling"


def test_every_watcher_is_used() -> None:
    imported = set().union(*(imported_modules(file) for file in STAGES.rglob("*.py")))
    assert {f"watching.{path.stem}" for path in WATCHING.glob("*.py")} <= imported


@each_stage
def test_script_names_exactly_the_declared_paths(stage: str) -> None:
    named = literal_paths(STAGES / f"{stage}.py") - UNDECLARED
    declared = declared_files(stage)
    if stage == "download":  # whose catalog entry is chosen by a parameter
        declared = {path for path in declared if not path.startswith("datasets/")}
        named.discard("datasets")
    assert named == declared


@pytest.mark.slow
@each_stage
def test_params_are_the_stage_s_own_section_and_fit_its_model(stage: str) -> None:
    assert PIPELINE[stage]["params"] == [stage]
    params_model(stage).model_validate(PARAMS[stage])


def test_params_yaml_has_a_section_for_each_stage_and_no_other() -> None:
    assert set(PARAMS) == set(PIPELINE)


@each_stage
def test_plots_and_metrics_in_git_keep_the_run_cache(stage: str) -> None:
    for entry in PIPELINE[stage].get("outs", []):
        assert isinstance(entry, str), f"{entry}: an option under outs"


def test_train_never_sees_the_test_split() -> None:
    assert not [path for path in paths(PIPELINE["train"]["deps"]) if "test" in path]


@each_stage
def test_every_parameter_is_documented(stage: str) -> None:
    text = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    prefix = "" if stage == "train" else f"{stage}."
    missing = [name for name in PARAMS[stage] if f"| `{prefix}{name}` |" not in text]
    assert not missing
