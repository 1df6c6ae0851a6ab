"""tools/search.py with real git, real dvc and real Optuna: interrupted, started again."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.api import metrics_show, params_show
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from checkout import Project, working_tree
from conftest import ROOT
from processes import terminate, wait
from searching.space import parse_space
from searching.study import Trials
from shared.console import StageError

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
SPACE: dict[str, BaseDistribution] = {
    "train.learning_rate": FloatDistribution(0.0001, 0.1, log=True)
}
SEARCH = (sys.executable, "tools/search.py")
QUICK = (
    "--trials=2",
    "-Strain.steps=400",  # so many that no interruption comes too late
    "-Strain.eval_every=20",
    "-Strain.batch_size=8",
    "-Strain.learning_rate=tag(log,interval(0.001,0.01))",
    "-Strain.width=choice(4,6)",
)


def test_settings_that_vary_become_distributions_and_the_others_stay_as_they_are() -> None:
    space = parse_space(
        [
            "train.steps=300",
            "train.learning_rate=tag(log,interval(0.001,0.02))",
            "train.width=int(interval(8,32))",
            "train.batch_size=range(64,129,32)",
            "export.formats=choice([onnx],[])",
        ],
        PARAMS,
    )
    assert space.fixed == ["train.steps=300"]
    assert space.varied == {
        "train.learning_rate": FloatDistribution(0.001, 0.02, log=True),
        "train.width": IntDistribution(8, 32),
        "train.batch_size": CategoricalDistribution(["64", "96", "128"]),
        "export.formats": CategoricalDistribution(["[onnx]", "[]"]),
    }


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        (
            "train.widht=choice(8,16)",
            r"^train\.widht=.* params\.yaml has no train\.widht",
        ),
        ("train.width=interval(9", r"^train\.width=interval\(9: "),
        ("train.width=int(interval(9,8))", r"^train\.width=int\(interval\(9,8\)\): "),
        ("train.width=9", r"^nothing varies: "),
    ],
)
def test_what_is_no_search_space_is_refused(setting: str, complaint: str) -> None:
    with pytest.raises(StageError, match=complaint):
        parse_space([setting], PARAMS)


def test_an_interruption_changes_no_later_trial(tmp_path: Path) -> None:
    asked: dict[str, list[object]] = {"whole": [], "interrupted": []}
    for name, parameters in asked.items():
        trials = Trials(tmp_path / "search.db", name, tmp_path)
        for number in range(12):  # the first ten are drawn at random
            claim = trials.claim(SPACE, 12)
            if (name, number) == ("interrupted", 10):
                assert claim
                claim.lock.close()
                trials = Trials(tmp_path / "search.db", name, tmp_path)
                claim = trials.claim(SPACE, 12)
            assert claim
            assert claim.number == number
            trials.tell(number, claim.params["train.learning_rate"])
            parameters.append(claim.params)
            claim.lock.close()
        assert trials.claim(SPACE, 12) is None
    assert asked["whole"] == asked["interrupted"]


def test_processes_share_the_trials(tmp_path: Path) -> None:
    one, other = (Trials(tmp_path / "search.db", "shared", tmp_path) for _ in range(2))
    first, second = one.claim(SPACE, 2), other.claim(SPACE, 2)
    assert first
    assert second
    assert (first.number, second.number) == (0, 1)
    assert first.params != second.params
    assert one.claim(SPACE, 2) is None


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which one trial is done, and another well begun and then terminated.

    It runs as in the background of a script, where the shell has SIGINT ignored.
    """
    project = working_tree(tmp_path_factory.mktemp("project"))
    project.environment["TMPDIR"] = str(tmp_path_factory.mktemp("temporary"))
    (project.folder / "dvc.lock").unlink()
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "start")
    log = tmp_path_factory.mktemp("log") / "log"
    with log.open("wb") as file:
        search = subprocess.Popen(
            ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *SEARCH, "quick", *QUICK],
            cwd=project.folder,
            env=project.environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    begun = "quick-1: train.learning_rate="
    wait(lambda: begun in log.read_text(), search, log)
    wait(lambda: list(project.folder.glob(".checkpoints/*/0*.npz")), search, log)
    terminate(search)
    return project


def test_it_goes_on_where_it_was(interrupted: Project) -> None:
    project = interrupted
    output = project.run(*SEARCH, "quick", *QUICK)
    assert "quick-0:" not in output
    assert "going on from" in output
    table = output[output.index("| experiment") :]
    accuracies = {}
    for name in ("quick-0", "quick-1"):
        at = {"repo": str(project.folder), "rev": name}
        accuracies[name] = metrics_show(**at)["validation_accuracy"]
        assert f"| {name}      | {accuracies[name]:.2%} " in table
        params = params_show(**at)["train"]
        assert params["steps"] == 400
        assert f"{params['learning_rate']}" in table
    best = max(accuracies, key=lambda name: accuracies[name])
    assert table.splitlines()[2].startswith(f"| {best} ")
    assert project.run("git", "status", "--porcelain") == "", "the workspace is as it was"
    assert not list(Path(project.environment["TMPDIR"]).glob("experiments-*"))


def test_when_all_is_done_the_same_command_only_prints(interrupted: Project) -> None:
    assert "Running stage" not in interrupted.run(*SEARCH, "quick", *QUICK)


def test_other_settings_are_another_study(interrupted: Project) -> None:
    refusal = interrupted.run(*SEARCH, "quick", *QUICK, "-S", "train.dropout=0.1", fails=True)
    assert "quick began with other settings" in refusal


def test_a_trial_whose_parameters_are_refused_does_not_end_the_search(
    interrupted: Project,
) -> None:
    setting = "preprocess.seed=choice(-1)"
    output = interrupted.run(*SEARCH, "refused", "--trials", "2", "-S", setting)
    assert output.count("params.yaml: preprocess.seed: must be greater than") == 2
    assert output.count("| fail ") == 2


def test_a_trial_that_fails_for_another_reason_ends_the_search_and_is_taken_up_again(
    interrupted: Project,
) -> None:
    """As from a full disk, or memory that was short."""
    setting = "download.dataset=choice(minst)"
    for _ in range(2):
        output = interrupted.run(*SEARCH, "broken", "--trials=2", "-S", setting, fails=True)
        assert "broken-0: " in output
        assert "failed; mend it, and start this again" in output
        assert "broken-1" not in output
