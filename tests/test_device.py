"""Choosing restricts TensorFlow for good, so each test does it in a process of its own."""

import os
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
    assert "train.device: cpu" in reason
    assert chosen.stderr == ""


def test_auto_without_a_gpu_says_in_one_line_what_and_why() -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    chosen = choose("auto")
    assert chosen.stdout.startswith("CPU|training on the CPU")
    assert "no usable GPU: " in chosen.stdout
    assert len(chosen.stdout.splitlines()) == 1
    assert chosen.stderr == ""


def test_gpu_without_one_fails_and_names_the_cure() -> None:
    chosen = choose("gpu", CUDA_VISIBLE_DEVICES="-1")
    assert chosen.returncode != 0
    assert "StageError: params.yaml: train.device: gpu, but there is none: " in chosen.stderr
    assert "make GPU=1" in chosen.stderr or "CUDA_VISIBLE_DEVICES" in chosen.stderr
