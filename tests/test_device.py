"""Choosing restricts TensorFlow for good, so tests do it in processes of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.console import StageError
from shared.tf import tf
from training.device import choose

STAGES = Path(__file__).parent.parent / "stages"
CHOOSE = """
import sys
from training.device import choose
for device in sys.argv[1:]:
    print(*choose(device), sep="|")
"""


def choose_in_turn(*devices: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHOOSE, *devices],
        cwd=STAGES,
        check=False,
        text=True,
        capture_output=True,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def chosen() -> list[str]:
    """What is said of `auto`, and of `cpu` after it: a line for each, and no noise."""
    process = choose_in_turn("auto", "cpu")
    assert process.stderr == ""
    auto, cpu = process.stdout.splitlines()
    return [auto, cpu]


def test_cpu_is_the_cpu_and_tensorflow_starts_without_noise(chosen: list[str]) -> None:
    name, reason = chosen[1].split("|")
    assert name == "CPU"
    assert reason.startswith("training on the CPU")
    assert "train.device is cpu" in reason


def test_auto_without_a_gpu_says_in_one_line_what_and_why(chosen: list[str]) -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    assert re.match(r"CPU\|training on the CPU \(\d+ cores\): .*\S", chosen[0])


def test_gpu_without_one_fails_naming_what_is_missing_and_the_command() -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(StageError, match=r"^params\.yaml: train\.device: gpu, but ") as refusal:
        choose("gpu")
    assert "`make GPU=1` (or `pip install -r requirements-gpu.txt`)" in str(refusal.value)


def test_a_hidden_gpu_is_named_as_such() -> None:
    process = choose_in_turn("gpu", CUDA_VISIBLE_DEVICES="-1")
    assert process.returncode != 0
    assert "CUDA_VISIBLE_DEVICES=-1 hides every GPU; unset it" in process.stderr
