"""DVC is killed while it writes dvc.lock, and both cures that the docs name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

pytestmark = pytest.mark.slow  # it runs dvc

KILL = """
import builtins, os, signal

whole = builtins.open

def open(path, mode="r", *arguments, **options):
    file = whole(path, mode, *arguments, **options)
    if str(path).endswith("dvc.lock") and "w" in mode:
        left, write = [int(os.environ["WRITES"])], file.write
        def cut(text):
            if not left[0]:
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return write(text)
        file.write = cut
    return file

builtins.open = open
"""
STAGE = "stages:\n  one:\n    cmd: cp params.yaml out\n    params: [n]\n    outs: [out]\n"
BIN = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def sh(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": BIN} | environment,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose one stage has run, committed."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("dvc.yaml").write_text(STAGE)
        Path("params.yaml").write_text("n: 1\n")
        Path("kill").mkdir()
        Path("kill/sitecustomize.py").write_text(KILL)
        git = "git -c user.name=n -c user.email=e@example.org"
        done = sh(f"git init -q && dvc init -q && dvc repro && git add . && {git} commit -qm all")
        assert not done.returncode, done.stderr
    return folder


@pytest.mark.parametrize(
    ("cure", "writes"),
    [
        (f"make -f '{ROOT}/Makefile' whole-lock && dvc repro", 0),
        ("rm -f .dvc/tmp/rwlock; git checkout dvc.lock && dvc repro", 30),
    ],
)
def test_a_lock_that_a_kill_has_cut_is_cured_and_dvc_goes_on(
    finished: Path, monkeypatch: pytest.MonkeyPatch, cure: str, writes: int
) -> None:
    monkeypatch.chdir(finished)
    Path("params.yaml").write_text(f"n: {writes + 2}\n")
    whole = Path("dvc.lock").read_text()
    killed = sh("exec dvc repro", PYTHONPATH="kill", WRITES=f"{writes}")
    assert killed.returncode == -9, killed.stderr
    assert len(Path("dvc.lock").read_text()) < len(whole)
    assert sh("dvc repro").returncode, "DVC does not recover by itself"
    Path(".dvc/tmp/rwlock").write_text("")  # it writes this one in the same way
    done = sh(cure)
    assert not done.returncode, done.stderr
    assert Path("out").read_text() == f"n: {writes + 2}\n"
    assert json.loads(sh("dvc status --json").stdout) == {}
