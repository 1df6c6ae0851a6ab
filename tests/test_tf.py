"""Each test runs a small script in a process of its own, as a stage is."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

STAGES = Path(__file__).parent.parent / "stages"


def script(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=STAGES,
        env={**os.environ, **environment},
        check=False,
        text=True,
        capture_output=True,
    )


@pytest.mark.slow
def test_keras_brings_neither_a_user_s_settings_nor_what_it_does_not_need(tmp_path: Path) -> None:
    settings = {
        "backend": "torch",
        "epsilon": 0.1,
        "floatx": "float16",
        "image_data_format": "channels_first",
    }
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    code = """
import pandas
from shared.tf import keras
import sys
print(sorted({"matplotlib", "pandas", "sklearn"} & sys.modules.keys()))
import matplotlib.pyplot, sklearn.metrics
print(sys.modules["pandas"] is pandas)
config = keras.config
print(config.backend(), config.epsilon(), config.floatx(), config.image_data_format())
"""
    done = script(code, KERAS_HOME=str(tmp_path), KERAS_BACKEND="jax", KERAS_NNX_ENABLED="1")
    assert done.stdout.splitlines() == [
        "['pandas']",
        "True",
        "tensorflow 1e-07 float32 channels_last",
    ], done.stderr


ABORT = r"""
import ctypes
said = (
    b"I0000 a line of noise\n"
    b"F0000 this build needs AVX\n"
    b"To enable the following instructions, rebuild\n"
    b"not even ended"
)
native = ctypes.PyDLL(None)  # no thread runs while it is called
native.write(2, said, len(said))
native.abort()
"""


def test_what_tensorflow_says_before_it_aborts_is_seen(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text(ABORT)
    done = script("import shared.tf", PYTHONPATH=str(tmp_path))
    assert done.returncode == -signal.SIGABRT
    assert done.stderr == "F0000 this build needs AVX\nnot even ended"


def test_lines_stay_in_order_and_wait_for_no_process_started_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "keras.py").touch()
    (tmp_path / "tensorflow.py").write_text(
        "class config:\n    list_physical_devices = lambda kind: []\n"
    )
    code = """
import subprocess, sys
from shared.tf import without_noise
with without_noise():
    print("one\\nfully_quantize: noise\\ntwo", file=sys.stderr)
    child = subprocess.Popen(["sleep", "60"])
print("three", child.poll(), file=sys.stderr)
child.kill()
"""
    done = script(code, PYTHONPATH=str(tmp_path))
    assert done.stderr == "one\ntwo\nthree None\n"
