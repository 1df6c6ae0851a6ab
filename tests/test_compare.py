"""The command, in a repository with branches and experiments that evaluated known predictions."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

import compare
from comparing.runs import read_run, revisions_of
from conftest import ROOT
from shared.console import StageError

IMAGES = 400
GROUPS = {"old": [range(20), range(18), range(19)], "new": [range(9), range(10), range(12)]}


def sh(command: str) -> None:
    subprocess.run(command.split(), check=True, capture_output=True)


NAMES = [f"{number:02}" for number in range(10)]


def evaluated(wrong: Iterable[int], test_set: str = "one", names: Sequence[str] = NAMES) -> None:
    """What the evaluate stage leaves, wrong on these images: predictions and dvc.lock's record."""
    predicted = [names[(i + (i in set(wrong))) % 10] for i in range(IMAGES)]
    rows = [f"{i},{names[i % 10]},{answer},0.9\n" for i, answer in enumerate(predicted)]
    table = "".join(["row,actual,predicted,confidence\n", *rows]).encode()
    Path("plots").mkdir(exist_ok=True)
    Path("plots/predictions.csv").write_bytes(table)
    md5 = hashlib.md5(table, usedforsecurity=False).hexdigest()
    stage = {
        "cmd": "true",
        "deps": [{"path": "data/prepared/test.npz", "md5": test_set}],
        "outs": [{"path": "plots/predictions.csv", "md5": md5}],
    }
    lock = {"schema": "2.0", "stages": {"evaluate": stage}}
    Path("dvc.lock").write_text(yaml.safe_dump(lock))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Branches main (20 wrong), better, other-data and empty; experiments old-0… and new-0…."""
    folder = tmp_path_factory.mktemp("repository")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        sh("git init --initial-branch main")
        sh("git config user.name tester")
        sh("git config user.email tester@example.org")
        sh("dvc init --quiet")
        Path("dvc.yaml").write_text("stages: {}\n")
        sh("git add .")
        sh("git commit --quiet --message start")
        sh("git branch empty")
        branches = {"other-data": (range(3), "other"), "better": (range(3), "one")}
        for branch, arguments in (*branches.items(), ("main", (range(20), "one"))):
            sh(f"git checkout --quiet {'main' if branch == 'main' else f'-b {branch} empty'}")
            evaluated(*arguments)
            sh("git add .")
            sh(f"git commit --quiet --message {branch}")
        for group, runs in GROUPS.items():
            for seed, wrong in enumerate(runs):
                evaluated(wrong)
                with Repo() as repo:  # the command line would take seconds for each
                    repo.experiments.save(name=f"{group}-{seed}")
        sh("git checkout --quiet .")
    return folder


@pytest.fixture
def project(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository as the current folder, in the state of main."""
    monkeypatch.chdir(repository)
    evaluated(range(20))
    return repository


def test_a_branch_is_compared_with_another_and_both_reports_are_written(project: Path) -> None:
    command: list[str | Path] = [
        sys.executable,
        ROOT / "tools/compare.py",
        "main",
        "better",
        "--out",
        "found",
    ]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed == Path("found/comparison.md").read_text()
    assert "**`better` is better than `main`**: +4.25 points (95 % interval " in printed
    assert "| main   | 95.00%     | 92.40% to 96.74% |" in printed
    assert "`better` gains 17 and loses 0" in printed
    assert "| 03      | 3       | 04     | 03       | gained |" in printed
    found = json.loads(Path("found/comparison.json").read_text())
    assert found["verdict"] == "better"
    assert found["p_value"] == pytest.approx(2 / 2**17)
    assert [row["image"] for row in found["changed"] if row["class"] == "03"] == [3, 13]
    assert sum(row["gained"] for row in found["classes"]) == 17


def test_without_a_second_the_workspace_is_compared(project: Path) -> None:
    evaluated([*range(17), 100, 101])
    found = compare.compare("main", None)
    assert "# `workspace` against `main`" in found.text
    assert "**No difference that this test set can show**" in found.text
    assert f"takes {found.data['images_needed']:,} images" in found.text
    assert found.data["images_needed"] > IMAGES


def test_the_other_way_round_it_is_worse(project: Path) -> None:
    found = compare.compare("better", "main")
    assert found.data["verdict"] == "worse"
    assert "**`main` is worse than `better`**: -4.25 points" in found.text


def test_equal_predictions_are_no_difference(project: Path) -> None:
    found = compare.compare("main", None)
    assert found.data["changed"] == []
    assert found.data["images_needed"] is None
    assert "right equally often" in found.text


def test_groups_of_experiments_are_compared_by_their_means(project: Path) -> None:
    found = compare.compare("old-*", "new-0,new-1, new-2")
    assert found.data["first"]["runs"] == {"old-0": 0.95, "old-1": 0.955, "old-2": 0.9525}
    assert re.search(r"\| `old-\*` +\| 3 +\| 95\.25% ± 0\.25 +\| 95\.00% +\| 95\.50% ", found.text)
    assert "**`new-0,new-1, new-2` is better than `old-*`**: +2.17 points" in found.text


def test_a_group_alone_is_described(project: Path) -> None:
    found = compare.compare("old-*", None)
    assert set(found.data) == {"first"}
    assert "95.25% ± 0.25" in found.text


def test_other_test_sets_are_refused(project: Path) -> None:
    with pytest.raises(StageError, match=r"^main and other-data were evaluated on different test"):
        compare.compare("main", "other-data")


def test_other_names_of_the_classes_are_refused(project: Path) -> None:
    evaluated(range(20), names="abcdefghij")
    with pytest.raises(StageError, match=r"^main and workspace call the classes"):
        compare.compare("main", None)


@pytest.mark.parametrize("damage", ["<<<<<<< HEAD\n", "", "schema: '2.0'\n", "stages: 5\n"])
def test_a_damaged_dvc_lock_is_refused_in_one_line(project: Path, damage: str) -> None:
    Path("dvc.lock").write_text(damage)
    with pytest.raises(StageError, match=r"^workspace: dvc\.lock cannot be read.*git checkout"):
        compare.compare("main", None)


def test_predictions_that_dvc_lock_does_not_know_are_refused(project: Path) -> None:
    with Path("plots/predictions.csv").open("a") as file:
        file.write("400,00,00,0.9\n")
    with pytest.raises(StageError, match=r"^workspace: plots/predictions\.csv is not what dvc\.lo"):
        compare.compare("main", None)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("plots/predictions.csv", "predicted", "guessed"),
        ("plots/predictions.csv", "0.9\n1", '0.9\n"1'),
        ("dvc.lock", "data/prepared/test.npz", "data/prepared/tests.npz"),
    ],
)
def test_what_evaluate_does_not_leave_so_is_refused_in_one_line(
    project: Path, path: str, before: str, after: str
) -> None:
    text = Path(path).read_text()
    Path(path).write_text(text.replace(before, after))
    record(Path("plots/predictions.csv").read_bytes())
    with pytest.raises(StageError, match=r"^workspace: .*is not as the evaluate stage leaves it"):
        compare.compare("main", None)


def record(table: bytes) -> None:
    """Let dvc.lock know the predictions."""
    lock = yaml.safe_load(Path("dvc.lock").read_text())
    outs = lock["stages"]["evaluate"]["outs"]
    outs[0]["md5"] = hashlib.md5(table, usedforsecurity=False).hexdigest()
    Path("dvc.lock").write_text(yaml.safe_dump(lock))


def test_names_of_classes_do_nothing_to_a_terminal_or_a_table(project: Path) -> None:
    names = ["a|b", "\x1b[2J", "\u202egnp", *"cdefghi"]
    evaluated(range(20), names=names)
    with Repo() as repo:
        repo.experiments.save(name="odd")
    evaluated(range(12), names=names)
    text = compare.compare("odd", None).text
    assert r"| a\|b " in text
    assert r"| \x1b[2J " in text
    assert r"| \u202egnp " in text
    assert not {"\x1b", "\u202e"} & {*text}


@pytest.mark.parametrize(
    ("first", "second", "complaint"),
    [
        ("nowhere", None, r"^nowhere: .*dvc exp list"),
        ("empty", None, r"^empty: has no dvc\.lock"),
        ("main:dvc.yaml", None, r"^main:dvc\.yaml: is no commit"),
        (" ,", None, r"^' ,' names no run"),
        ("odd-*", None, r"^odd-\*: no experiment has such a name"),
        ("main", "main", r"^main: on both sides"),
        ("old-*", "old-1", r"^old-1: on both sides"),
        ("old-*", "main", r"^one run against several"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(
    project: Path, first: str, second: str | None, complaint: str
) -> None:
    with pytest.raises(StageError, match=complaint):
        compare.compare(first, second)


def test_a_name_is_taken_once(project: Path) -> None:
    assert list(revisions_of("old-1, old-*")) == ["old-1", "old-0", "old-2"]


def test_a_name_that_stands_at_two_commits_is_taken_twice_and_each_is_said(project: Path) -> None:
    for branch, wrong in {"better": range(10), "main": range(8)}.items():
        sh(f"git checkout --quiet --force {branch}")
        for seed in (0, 1):
            evaluated(wrong[seed:])
            with Repo() as repo:
                repo.experiments.save(name=f"twice-{seed}")
    sh("git checkout --quiet --force main")
    found = compare.compare("twice-*", None)
    names = [
        f"twice-{seed} at {rev_parse(branch)}" for seed in (0, 1) for branch in ("better", "main")
    ]
    runs = dict(zip(names, [0.975, 0.98, 0.9775, 0.9825], strict=True))
    assert found.data["first"]["runs"] == runs
    assert all(name in found.text for name in names)


def rev_parse(branch: str) -> str:
    done = subprocess.run(["git", "rev-parse", branch], check=True, capture_output=True, text=True)
    return done.stdout[:7]


def test_class_names_stay_as_they_are_spelled(project: Path) -> None:
    assert read_run("main").predictions["actual"].iloc[1] == "01"
