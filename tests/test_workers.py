"""Several replicas: two workers, each the script in a process and a folder of its own, or one."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from shared.dataset import Split
from test_replicas import tf_configs
from test_train import (
    RESULTS,
    assert_nearly_the_same_history,
    change,
    hashes,
    start,
    train,
    wait_for_checkpoint,
    write_project,
)

STEPS = 120  # too many for any loss of a worker to come too late
LOST_SECONDS = 60  # docs/scaling.md: within this time after one is lost, the others have ended


def write_folders(parent: Path, bars: Split) -> list[Path]:
    """The chief's folder and the other's: STEPS steps on the bars."""
    folders = [write_project(parent / name, bars) for name in ("chief", "other")]
    for folder in folders:
        change(folder, steps=STEPS)
    return folders


@pytest.fixture
def folders(tmp_path: Path, bars: Split) -> list[Path]:
    return write_folders(tmp_path, bars)


def start_both(folders: list[Path]) -> list["subprocess.Popen[str]"]:
    return [
        start(folder, TF_CONFIG=config)
        for folder, config in zip(folders, tf_configs(), strict=True)
    ]


def finish(processes: list["subprocess.Popen[str]"]) -> list[str]:
    logs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(logs)
    return logs


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, bars: Split) -> Path:
    """The chief's folder after a run that nothing interrupted; only the chief has written."""
    folders = write_folders(tmp_path_factory.mktemp("whole"), bars)
    before = sorted(folders[1].rglob("*"))
    logs = finish(start_both(folders))
    assert "TF_CONFIG names 2 workers, this is 0" in logs[0]
    assert "TF_CONFIG names 2 workers, this is 1" in logs[1]
    assert f"step {STEPS}/{STEPS}" in logs[0]
    assert "step" not in logs[1]
    assert sorted(folders[1].rglob("*")) == before
    assert not list(folders[0].glob(".checkpoints/*"))
    return folders[0]


def test_whenever_one_is_lost_the_other_ends_and_both_go_on_where_they_were(
    folders: list[Path], whole: Path
) -> None:
    for lost, how in [(1, signal.SIGKILL), (0, signal.SIGKILL), (1, signal.SIGSTOP)]:
        processes = start_both(folders)
        wait_for_checkpoint(folders[0], processes[0])
        processes[lost].send_signal(how)
        log, _ = processes[1 - lost].communicate(timeout=LOST_SECONDS)
        processes[lost].kill()
        processes[lost].communicate()
        assert processes[1 - lost].returncode == 1
        assert "error: lost a worker" in log
        assert "Traceback" not in log
        assert not any((folders[0] / name).exists() for name in RESULTS)

    chief, other = start_both(folders)  # and what if it is lost after the last step?
    assert chief.stdout
    assert any("going on from" in line for line in chief.stdout)
    assert any(f"step {STEPS}/{STEPS}" in line for line in chief.stdout)
    chief.send_signal(signal.SIGSTOP)
    other.kill()
    other.communicate()
    chief.send_signal(signal.SIGCONT)
    log, _ = chief.communicate(timeout=LOST_SECONDS)
    assert chief.returncode == 1
    assert "error: lost a worker" in log
    logs = finish(start_both(folders))
    assert "going on from" in logs[0]
    assert hashes(folders[0]) == hashes(whole)


def test_mirrored_replicas_go_on_where_they_were(tmp_path: Path, bars: Split) -> None:
    project = write_project(tmp_path / "project", bars)
    change(project, steps=STEPS, strategy="mirrored")
    whole = shutil.copytree(project, tmp_path / "whole")
    assert "strategy mirrored, 2 replica(s)" in train(whole, TF_CONFIG="")
    process = start(project)
    wait_for_checkpoint(project, process)
    process.kill()
    process.communicate()
    assert "going on from" in train(project)
    assert hashes(project) == hashes(whole)


def test_without_dropout_two_workers_and_two_replicas_end_as_one_does(
    folders: list[Path], tmp_path: Path
) -> None:
    for folder in folders:
        change(folder, dropout=0.0)
    single, mirrored = (
        shutil.copytree(folders[0], tmp_path / name) for name in ("single", "mirrored")
    )
    train(single)
    change(mirrored, strategy="mirrored")
    train(mirrored)
    assert_nearly_the_same_history(mirrored, single)
    finish(start_both(folders))
    assert_nearly_the_same_history(folders[0], single)
