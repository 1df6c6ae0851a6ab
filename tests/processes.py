"""Scripts that run dvc, watched from outside: waited for, terminated with all that they started."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def wait(reached: Callable[[], object], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until something is reached, and fail with the log if the process ends before."""
    while not reached():
        assert process.poll() is None, log.read_text()
        time.sleep(0.02)


def terminate(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM, and hold the script to ending as interrupted, with its dvc and its stage."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    assert process.wait() == 130
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive, "dvc or its stage goes on alone"
