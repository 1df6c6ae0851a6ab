"""Choosing restricts TensorFlow for good, so each test does it in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.tf import tf

STAGES = Path(__file__).parent.parent / "stages"
CHOOSE = """
import sys
from training.device import choose
print(*choose(sys.argv[1]), sep="|")
"""


def choose(device: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHOOSE, device],
        cwd=STAGES,
        check=False,
        text=True,
        capture_output=True,
        env={**os.environ, **environment},
    )


def test_cpu_is_the_cpu_and_tensorflow_starts_without_noise() -> None:
    chosen = choose("cpu")
    name, reason = chosen.stdout.strip().split("|")
    assert name == "CPU"
    assert reason.startswith("training on the CPU")
    assert "train.device is cpu" in reason
    assert chosen.stderr == ""


def test_auto_without_a_gpu_says_in_one_line_what_and_why() -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    chosen = choose("auto")
    assert re.match(r"CPU\|training on the CPU \(\d+ cores\): .*\S", chosen.stdout)
    assert len(chosen.stdout.splitlines()) == 1
    assert chosen.stderr == ""


def test_gpu_without_one_fails_naming_what_is_missing_and_the_command() -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    chosen = choose("gpu")
    assert chosen.returncode != 0
    assert "StageError: params.yaml: train.device: gpu, but " in chosen.stderr
    assert "`make GPU=1` (or `pip install -r requirements-gpu.txt`)" in chosen.stderr


def test_a_hidden_gpu_is_named_as_such() -> None:
    chosen = choose("gpu", CUDA_VISIBLE_DEVICES="-1")
    assert chosen.returncode != 0
    assert "CUDA_VISIBLE_DEVICES=-1 hides every GPU; unset it" in chosen.stderr
