"""The script, in processes of its own on a small project, as dvc runs it."""

import io
import json
import os
import random
import resource
import runpy
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import train as stage
from preprocessing.storage import _member
from shared.console import StageError
from shared.dataset import Split
from shared.files import sha256
from shared.params import load
from shared.tf import keras, tf
from training.distributed.team import Team
from training.params import TrainParams

ROOT = Path(__file__).parent.parent
RESULTS = ["models/model.keras", "models/recipe.json", "metrics/train.json"]
MANY = 400  # steps: too many for any kill to come too late
OUTPUTS = [*RESULTS, "plots/history.csv"]  # which is there from the first evaluation on


def write_project(folder: Path, bars: Split) -> Path:
    """A folder with all that the stage reads: 60 steps on the bars, with dropout."""
    for name in ("data/prepared", "data/raw"):
        (folder / name).mkdir(parents=True)
    for name in ("train", "validation"):
        np.savez(folder / f"data/prepared/{name}.npz", images=bars.images, labels=bars.labels)
    table = {"rows": 200, "sha256": "0" * 64}
    dataset = {
        "name": "bars",
        "title": "",
        "provenance": "",
        "homepage": "",
        "licence": "",
        "image": {"height": 12, "width": 12, "channels": 1},
        "label": "first",
        "classes": {k: f"bar {k}" for k in "0123"},
        "train": table,
        "test": table,
    }
    (folder / "data/raw/dataset.json").write_text(json.dumps(dataset))
    change(folder, steps=60, batch_size=8, eval_every=10, dropout=0.2, device="cpu")
    return folder


@pytest.fixture
def project(tmp_path: Path, bars: Split) -> Path:
    return write_project(tmp_path / "project", bars)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, bars: Split) -> tuple[Path, str]:
    """The project after its run, only to be read, and what that has printed."""
    folder = write_project(tmp_path_factory.mktemp("finished") / "project", bars)
    (folder / "logs/bars-exp").mkdir(parents=True)
    (folder / "logs/bars-exp/notes.md").touch()
    return folder, train(folder, DVC_EXP_NAME="bars-exp")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, bars: Split) -> tuple[Path, str]:
    """One of MANY steps in one go, with the stage's environment variables set."""
    folder = write_project(tmp_path_factory.mktemp("whole") / "project", bars)
    change(folder, steps=MANY)
    logs, kept = (str(folder.parent / name) for name in ("logs", "kept"))
    return folder, train(folder, LOG_DIR=logs, CHECKPOINT_DIR=kept, LOG_DEVICE_PLACEMENT="1")


def change(folder: Path, **values: Any) -> None:
    path = folder / "params.yaml"
    source = path if path.exists() else ROOT / "params.yaml"
    params = yaml.safe_load(source.read_text())
    params["train"].update(values)
    path.write_text(yaml.safe_dump(params))


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, ROOT / "stages/train.py"],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
    )


def train(folder: Path, *, fails: bool = False, **environment: str) -> str:
    process = start(folder, **environment)
    log, _ = process.communicate()
    assert process.returncode == fails, log
    return log


def hashes(folder: Path) -> list[str]:
    return [sha256(folder / name) for name in OUTPUTS]


def assert_nearly_the_same_history(folder: Path, other: Path) -> None:
    history, expected = (pd.read_csv(path / "plots/history.csv") for path in (folder, other))
    pd.testing.assert_frame_equal(history[:1], expected[:1], rtol=0.001)
    # What rounding does to a step, the steps after it enlarge.
    difference = abs(history - expected)
    assert difference.max().max() < 0.03
    assert difference.iloc[-1].max() < 0.02


def newest_checkpoint(folder: Path) -> str:
    return max((path.name for path in folder.glob(".checkpoints/*/0*.npz")), default="")


def wait_for_checkpoint(folder: Path, process: subprocess.Popen[str]) -> None:
    before = newest_checkpoint(folder)
    while newest_checkpoint(folder) == before:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)


def test_outputs_log_and_summaries(finished: tuple[Path, str]) -> None:
    project, log = finished
    assert "training on the CPU" in log
    assert "conv1 (Conv2D)" in log
    assert "step 60/60" in log
    assert "\x1b" not in log, "no colours or bars where there is no terminal"

    history = pd.read_csv(project / "plots/history.csv")
    assert history["step"].tolist() == [10, 20, 30, 40, 50, 60]
    metrics = json.loads((project / "metrics/train.json").read_text())
    assert metrics["steps"] == 60
    assert metrics["validation_accuracy"] == history["validation_accuracy"].iloc[-1] > 0.5
    recipe = json.loads((project / "models/recipe.json").read_text())
    assert recipe["device"] == "CPU"
    assert recipe["data"]["train"] == sha256(project / "data/prepared/train.npz")

    model = keras.models.load_model(project / "models/model.keras")
    assert metrics["parameters"] == model.count_params()
    with np.load(project / "data/prepared/validation.npz") as split:
        right = model.predict(split["images"], verbose=0).argmax(axis=1) == split["labels"]
    assert right.mean() == metrics["validation_accuracy"]

    tags = EventAccumulator(str(project / "logs/bars-exp")).Reload().Tags()
    assert tags["graph"]
    assert {
        "learning_rate",
        "loss/train",
        "loss/validation",
        "accuracy/validation",
        "activations/relu1",
        "sparsity/relu1",
    } <= set(tags["tensors"])
    assert (project / "logs/bars-exp/notes.md").exists(), "it is not ours"
    assert not list(project.glob(".checkpoints/*")), "a finished run leaves no checkpoint"


def test_stopped_in_any_way_training_ends_with_the_same_bytes(
    project: Path, whole: tuple[Path, str]
) -> None:
    change(project, steps=MANY)
    moments = random.Random(0)
    for number, kill in enumerate([signal.SIGKILL, signal.SIGTERM]):
        process = start(project)
        wait_for_checkpoint(project, process)
        time.sleep(moments.uniform(0, 0.3))
        rows = (project / "plots/history.csv").read_text()
        process.send_signal(kill)
        log, _ = process.communicate(timeout=10)
        assert ("going on from" in log) == (number > 0)
        assert "damaged" not in log
        assert (whole[0] / "plots/history.csv").read_text().startswith(rows)
        assert process.returncode == (-signal.SIGKILL if kill is signal.SIGKILL else 130)
        assert not any((project / name).exists() for name in RESULTS)

    *_, before, newest = sorted(project.glob(".checkpoints/*/0*.npz"))
    newest.write_bytes(newest.read_bytes()[:1000])
    log = train(project)
    assert f"{newest.name}: damaged" in log
    assert f"going on from {before.relative_to(project)}" in log
    assert hashes(project) == hashes(whole[0])


def test_environment_moves_logs_and_checkpoints_and_shows_placement(
    whole: tuple[Path, str],
) -> None:
    project, log = whole
    assert list((project.parent / "logs").glob("compact-*/events.*"))
    assert (project.parent / "kept").exists()
    assert not (project / "logs").exists()
    assert not (project / ".checkpoints").exists()
    assert "device:CPU:0" in log


def test_what_stops_after_the_last_step_is_written_by_the_next_run_with_its_parameters(
    project: Path, finished: tuple[Path, str]
) -> None:
    (project / "models").touch()  # in place of the folder
    train(project, fails=True)
    (project / "models").unlink()
    (project / "plots/history.csv").unlink()  # as DVC does before a run
    params = (project / "params.yaml").read_text()

    change(project, learning_rate=1e30, schedule="constant")
    diverging = train(project, fails=True)
    assert "going on from" not in diverging
    assert "the loss is" in diverging
    assert "train.learning_rate" in diverging
    assert "Traceback" not in diverging
    assert not any((project / name).exists() for name in OUTPUTS)

    (project / "params.yaml").write_text(params)
    assert "going on from .checkpoints" in train(project)
    assert hashes(project) == hashes(finished[0])


def test_a_second_trainer_is_refused_in_the_folder_and_waits_for_the_checkpoints(
    project: Path, tmp_path: Path
) -> None:
    change(project, steps=100_000)
    first = start(project)
    wait_for_checkpoint(project, first)
    first.send_signal(signal.SIGSTOP)  # it need not compute meanwhile
    assert f"process {first.pid} runs train here already" in train(project, fails=True)

    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(project, elsewhere, ignore=shutil.ignore_patterns(".dvc", ".checkpoints"))
    third = start(elsewhere, CHECKPOINT_DIR=str(project / ".checkpoints"))
    assert third.stdout
    waits = f"process {first.pid} trains with the same parameters and data; waiting for it"
    assert any(waits in line for line in third.stdout)
    first.send_signal(signal.SIGCONT)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert first.returncode != 0
    assert any("going on from" in line for line in third.stdout)
    third.kill()
    third.communicate()


def test_memory_that_does_not_suffice_names_what_needs_less(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def allocate(*_: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating a tensor")

    monkeypatch.chdir(project)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("training.device.choose", allocate)
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / "stages/train.py"), run_name="__main__")
    assert "make params.yaml: train.batch_size or train.width smaller" in capsys.readouterr().err


@pytest.mark.parametrize("variable", ["LOG_DIR", "CHECKPOINT_DIR"])
def test_a_place_that_cannot_be_written_is_told_before_anything_is_trained(
    project: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv(variable, "params.yaml")
    team = Team(tf.distribute.get_strategy())
    with pytest.raises(StageError, match=f"^{variable}: params.yaml: File exists; "):
        stage.lead(load(TrainParams, "train"), team, "CPU")


class WithHoles(io.FileIO):
    """Takes no room on the disk for zeros."""

    def write(self, data: Any) -> int:
        if len(data) < 4096 or np.frombuffer(data, np.uint8).any():
            return super().write(data)
        self.seek(len(data), os.SEEK_CUR)
        return len(data)


@pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="limits a process's memory as Linux does"
)
def test_a_split_that_is_larger_than_memory_trains(project: Path) -> None:
    rows, shape = 3 << 17, (64, 64, 1)
    with zipfile.ZipFile(WithHoles(project / "data/prepared/train.npz", "w"), "w") as archive:
        with _member(archive, "images", (rows, *shape), np.dtype(np.uint8)) as member:
            for _ in range(rows >> 8):
                member.write(bytes(64 * 64 << 8))
        with _member(archive, "labels", (rows,), np.dtype(np.uint8)) as member:
            member.write(bytes(range(4)) * (rows >> 2))
    images = np.zeros((8, *shape), np.uint8)
    np.savez(
        project / "data/prepared/validation.npz",
        images=images,
        labels=np.arange(8, dtype=np.uint8) % 4,
    )
    path = project / "data/raw/dataset.json"
    image = {"height": 64, "width": 64, "channels": 1}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"image": image}))
    change(project, steps=10)
    process = start(project)
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (5 << 28, 5 << 28))
    log, _ = process.communicate()
    assert process.returncode == 0, log
    assert (project / "data/prepared/train.npz").stat().st_size > 3 << 29
