"""What a git hook hands to all that it starts must not reach another repository."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from conftest import ROOT
from running.clone import clone, elsewhere, last_commit, output
from shared.console import StageError

State = Callable[[], tuple[str, ...]]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """What is on which branch of the user's repository, whose hook runs, and what is staged."""
    folder = tmp_path / "user"
    (folder / "hooks").mkdir(parents=True)

    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *words]
        return subprocess.run(
            command, cwd=folder, check=True, text=True, capture_output=True
        ).stdout

    git("init", "--quiet", "--initial-branch", "main")
    git("commit", "--quiet", "--allow-empty", "--message", "start")
    (folder / "staged").touch()
    git("add", "staged")
    monkeypatch.setenv("GIT_DIR", str(folder / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(folder / ".git/index"))
    asked = ("symbolic-ref HEAD", "log --all --format=%s", "status --short")
    return lambda: tuple(git(*words.split()) for words in asked)


@pytest.fixture
def git_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user may have set, and what changes git's answers."""
    settings = tmp_path / "gitconfig"
    settings.write_text("[clone]\ndefaultRemoteName = upstream\n[status]\nbranch = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))


@pytest.mark.usefixtures("git_settings")
def test_a_clone_s_git_and_dvc_leave_it_alone(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOG_DIR", "logs")
    monkeypatch.setenv("CHECKPOINT_DIR", str(tmp_path / "kept"))
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("DATASET_MIRROR", "mirror")
    dvc = tmp_path / "bin/dvc"
    dvc.parent.mkdir()
    dvc.write_text(
        f"#!/bin/sh\nexec >> {tmp_path}/asked\n"
        'git rev-parse --show-toplevel; echo $LOG_DIR $DATASET_MIRROR; echo "$@"\n'
    )
    dvc.chmod(0o755)
    monkeypatch.setenv("PATH", f"{dvc.parent}{os.pathsep}{os.environ['PATH']}")
    with clone() as place:
        assert output("git", "remote", folder=place.folder) == "origin"
        place.run("one", ["train.steps=1"], "train")
    lines = (tmp_path / "asked").read_text().splitlines()
    run = lines.index("exp run --name one --set-param=train.steps=1 train")
    assert lines[run - 2 : run] == [str(place.folder), f"{tmp_path}/logs {tmp_path}/mirror"]
    assert state() == before


@pytest.mark.parametrize("variable", ["LOG_DIR", "CHECKPOINT_DIR"])
def test_a_place_that_cannot_be_written_is_told_first(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOG_DIR", "CHECKPOINT_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "new"))
    (tmp_path / "file").touch()
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    with pytest.raises(StageError, match=f"{variable}: {tmp_path}/file: File exists"), clone():
        pass


def test_the_checkouts_of_the_tests_leave_it_alone(state: State, tmp_path: Path) -> None:
    before = state()
    program = (
        "from pathlib import Path; from checkout import Project; p = Project(Path.cwd()); "
        "p.run('git', 'init'); p.run('git', 'commit', '--allow-empty', '-m', 'of a test')"
    )
    folder = tmp_path / "checkout"
    folder.mkdir()
    path = os.pathsep.join(str(ROOT / name) for name in ("tests", "stages", "tools"))
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        check=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert state() == before


def test_settings_given_to_git_hold_in_the_clone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"GIT_CONFIG_COUNT": "0", "GIT_CONFIG_PARAMETERS": "'safe.directory=*'"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert settings.items() <= elsewhere().items()


@pytest.mark.usefixtures("git_settings")
def test_the_last_commit_whatever_the_user_s_settings_of_git(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("running.clone.PIPELINE", ["nothing that could have changed"])
    assert last_commit() == output("git", "rev-parse", "HEAD")


def test_a_clone_that_was_killed_is_swept_when_its_dvc_has_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dvc = tmp_path / "bin/dvc"
    dvc.parent.mkdir()
    dvc.write_text('#!/bin/sh\n[ "$1" = exp ] || exit 0\necho $$ > pid\nexec sleep 60\n')
    dvc.chmod(0o755)
    monkeypatch.setenv("PATH", f"{dvc.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "experiments-notes/clone").mkdir(parents=True)
    program = "from running.clone import clone\nwith clone() as c: c.run('one', [], 'train')"
    path = os.pathsep.join(str(ROOT / name) for name in ("stages", "tools"))
    with subprocess.Popen(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": path}
    ) as killed:
        while not (running := [*tmp_path.glob("experiments-*/clone/pid")]):
            assert killed.poll() is None
            time.sleep(0.02)
        killed.kill()
    [orphan] = running
    with clone() as place:
        assert orphan.exists(), "its dvc is at work there"
        its_dvc = psutil.Process(int(orphan.read_text()))
        its_dvc.kill()
        psutil.wait_procs([its_dvc], timeout=5)
        with clone():
            assert not orphan.parents[1].exists()
        assert place.folder.exists()
    assert [folder.name for folder in tmp_path.glob("experiments-*")] == ["experiments-notes"]
