"""Each test runs a small stage in a process of its own, as dvc does."""

import signal
import subprocess
import sys
import time
from pathlib import Path

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
