import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.console import StageError
from training.lock import only_trainer

STAGES = Path(__file__).parent.parent / "stages"
HOLD = """
import sys, time
from pathlib import Path
from training.lock import only_trainer
with only_trainer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_trainer_is_refused_and_told_the_first_one_s_process(tmp_path: Path) -> None:
    path = tmp_path / "new" / "train.pid"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=STAGES, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        with (
            pytest.raises(StageError, match=f"process {holder.pid} is training here already"),
            only_trainer(path),
        ):
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with only_trainer(path):
        assert path.read_text().strip() == str(os.getpid())


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "train.pid"

    def fail() -> None:
        with only_trainer(path):
            raise ValueError("a bug")

    for _ in range(2):
        with pytest.raises(ValueError, match="a bug"):
            fail()
