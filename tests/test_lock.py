"""Real processes that want the same lock, started and killed."""

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.console import StageError
from shared.lock import checkpoint_lock, stage_lock

STAGES = Path(__file__).parent.parent / "stages"
HOLD = """
import logging, sys
from pathlib import Path
from shared.console import log
from shared import lock
log.addHandler(logging.StreamHandler(sys.stdout))
log.setLevel(logging.INFO)
name, argument = sys.argv[1:]
with getattr(lock, name)(Path(argument) if name == "checkpoint_lock" else argument):
    print("held", flush=True)
    sys.stdin.read()
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts processes in the working folder that hold a lock until their input ends."""
    monkeypatch.chdir(tmp_path)
    with contextlib.ExitStack() as started:

        def start(*arguments: str) -> subprocess.Popen[str]:
            holder = subprocess.Popen(
                [sys.executable, "-c", HOLD, *arguments],
                env=os.environ | {"PYTHONPATH": str(STAGES)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            started.enter_context(holder)
            started.callback(holder.kill)
            return holder

        yield start


def said(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout
    return holder.stdout.readline()


def end(holder: subprocess.Popen[str]) -> None:
    assert holder.stdin
    holder.stdin.close()
    assert holder.wait() == 0


def test_a_stage_runs_once_in_a_folder_and_its_orphan_is_named(start: Start) -> None:
    holder = start("stage_lock", "preprocess")
    assert said(holder) == "held\n"
    refusal = (
        rf"^\.dvc/tmp/preprocess\.pid: process {holder.pid} runs preprocess here already, .*"
        rf"`kill {holder.pid}`$"
    )
    with pytest.raises(StageError, match=refusal), stage_lock("preprocess"):
        pass
    with stage_lock("train"):
        pass
    holder.kill()
    holder.wait()
    with stage_lock("preprocess"):
        assert Path(".dvc/tmp/preprocess.pid").read_text() == f"{os.getpid()}\n"


def test_three_with_the_same_checkpoints_train_one_after_the_other(start: Start) -> None:
    """The first deletes the lock's file while the second holds it open and the third comes."""
    lock = ("checkpoint_lock", "kept/0f.pid")
    first = start(*lock)
    assert said(first) == "held\n"
    second = start(*lock)
    waits = "kept/0f.pid: process {} trains with the same parameters and data; waiting for it\n"
    assert said(second) == waits.format(first.pid)
    end(first)
    assert said(second) == "held\n"
    third = start(*lock)
    assert said(third) == waits.format(second.pid)
    second.kill()
    assert said(third) == "held\n"
    end(third)
    assert not list(Path("kept").iterdir())


def test_the_lock_is_free_again_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    @stage_lock("train")
    def fail() -> None:
        raise ValueError("a bug")

    for _ in range(2):
        with pytest.raises(ValueError, match="a bug"):
            fail()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def flock(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fcntl.flock", flock)
    for lock in (stage_lock("train"), checkpoint_lock(Path("0f.pid"))):
        with pytest.raises(StageError, match=r"cannot lock files \(.*local disk"), lock:
            pass
