"""Small stages, most of them in a process of their own, as dvc runs them."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.console import run
from shared.files import naming, write_json

STAGES = Path(__file__).parent.parent / "stages"


def start(body: str) -> subprocess.Popen[str]:
    code = f"from shared.console import StageError, log, run\n\ndef main():\n{body}\n\nrun(main)\n"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=STAGES,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_stage_error_is_one_message_without_a_traceback() -> None:
    process = start("    raise StageError('train.csv:100: column 1: [must] be')")
    _, errors = process.communicate()
    assert process.returncode == 1
    assert errors == "error: train.csv:100: column 1: [must] be\n"


def test_a_long_log_line_is_not_broken() -> None:
    process = start("    log.info('word ' * 100)")
    _, errors = process.communicate()
    assert process.returncode == 0
    assert errors == "word " * 100 + "\n"


def test_what_a_terminal_would_obey_is_shown() -> None:
    process = start("    log.info('a\\x1b[2J\\nc')\n    raise StageError('\\x9b2J: é日')")
    _, errors = process.communicate()
    assert errors == "a\\x1b[2J\nc\nerror: \\x9b2J: é日\n"


def test_an_unforeseen_error_keeps_its_traceback() -> None:
    process = start("    raise ZeroDivisionError('a bug')")
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "Traceback" in errors
    assert "a bug" in errors


def test_sigterm_and_sigint_end_a_stage_non_zero_after_its_clean_up() -> None:
    body = (
        "    import time\n    try:\n        print('ready', flush=True)\n"
        "        time.sleep(60)\n    finally:\n        print('clean')"
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        process = start(body)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, output, errors) == (130, "clean\n", "interrupted\n")


class OpError(Exception):
    """Stands for TensorFlow's errors, which take seconds to import."""

    __module__ = "tensorflow.python.framework.errors_impl"


def write_to_a_full_disk() -> None:
    with naming(Path("a.npz")), Path("/dev/full").open("w") as file:
        file.write("a")


def write_where_a_folder_stands() -> None:
    Path("a.json").mkdir()
    write_json(Path("a.json"), {})


def write_below_a_file() -> None:
    Path("a").touch()
    write_json(Path("a/a.json"), {})


def write_unasked() -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "a.json")  # root never gets it


def log_to_a_full_disk() -> None:
    raise OpError("{{function_node x}} logs/a.v2; No space left on device\n\tFailed [Op:W] name: ")


def log_without_a_right() -> None:
    raise OpError("logs/a; Read-only file system [Op:CreateSummaryFileWriter] name: ")


def take_too_much_memory() -> None:
    bytearray(2**62)


@pytest.mark.parametrize(
    ("main", "said"),
    [
        (write_to_a_full_disk, "a.npz: No space left on device; make room there"),
        (write_where_a_folder_stands, "a.json: Is a directory; move the folder away"),
        (write_below_a_file, "a: File exists; move the file away that stands where a "),
        (write_unasked, "a.json: Permission denied; give yourself the right to it"),
        (log_to_a_full_disk, "logs/a.v2: No space left on device; make room there"),
        (log_without_a_right, "logs/a: Read-only file system; work where you may write"),
        (take_too_much_memory, "memory is short; make the batch smaller"),
    ],
)
def test_what_the_machine_refuses_is_told_in_a_line(
    main: Callable[[], None],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        run(main, "make the batch smaller")
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {said}")
    assert told.count("\n") == 1
