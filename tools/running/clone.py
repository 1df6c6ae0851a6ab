"""Experiments in a clone of a commit: the workspace stays as it is, and may be worked in."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from project import ROOT
from shared.console import StageError
from shared.environment import writable_folder

PIPELINE = ("dvc.yaml", "params.yaml", "requirements.txt", "datasets", "stages")


class DvcError(StageError):
    """A command of dvc's that failed, and has said why."""


class Clone(NamedTuple):
    """A clone of the project with the same user for git and the same cache for DVC.

    Checkpoints and logs outlive it.
    """

    folder: Path
    checkpoints: Path
    logs: Path

    def run(
        self, name: str, settings: list[str], *targets: str, holds: tuple[int, ...] = ()
    ) -> None:
        """Run an experiment, from a clean state, and push it to the project under its name.

        An experiment of the same commit that has this name already gives way. Its results stand
        in the clone until the next one. `dvc exp run` keeps the open files that it `holds`, also
        should it outlive this process. Raises DvcError if it fails.
        """
        output("git", "reset", "--quiet", "--hard", folder=self.folder)
        changes = [f"--set-param={setting}" for setting in settings]
        self._dvc("exp", "run", "--name", name, *changes, *targets, holds=holds)
        self._dvc("exp", "push", "--quiet", "--no-cache", "--force", "origin", name)

    def _dvc(self, *command: str, holds: tuple[int, ...] = ()) -> None:
        """Run dvc; if interrupted, interrupt it and its stage, and wait for them."""
        with subprocess.Popen(  # noqa: S603 (dvc)
            ["dvc", *command],  # noqa: S607 (the environment's)
            cwd=self.folder,
            env={
                **elsewhere(),
                "CHECKPOINT_DIR": str(self.checkpoints),
                "LOG_DIR": str(self.logs),
            },
            stdout=sys.stderr,
            pass_fds=holds,
            start_new_session=True,
            preexec_fn=_heed_sigint,  # noqa: PLW1509 (no other Python thread runs)
        ) as process:
            try:
                process.wait()
            except KeyboardInterrupt:
                os.killpg(process.pid, signal.SIGINT)
                process.wait()
                raise
        if process.returncode:
            raise DvcError(f"`dvc {' '.join(command)}` failed; mend it, and start this again")


def _heed_sigint() -> None:
    """Undo what a shell does to what it starts in a script's background: it has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def clone(commit: str = "HEAD") -> Iterator[Clone]:
    """Clone the commit into a temporary folder, for as long as the block runs."""
    checkpoints = writable_folder("CHECKPOINT_DIR", ROOT / ".checkpoints").absolute()
    logs = writable_folder("LOG_DIR", ROOT / "logs").absolute()
    user = output("git", "config", "--get-regexp", r"^user\.(name|email)$", may_fail=True)
    pairs = (line.split(" ", 1) for line in user.splitlines())
    options = [f"--config={key}={value}" for key, value in pairs]
    with TemporaryDirectory(prefix="experiments-") as name:
        folder = Path(name)
        output("git", "clone", "--quiet", *options, str(ROOT), name)
        output("git", "switch", "--quiet", "--detach", commit, folder=folder)
        output("dvc", "cache", "dir", "--local", output("dvc", "cache", "dir"), folder=folder)
        yield Clone(folder, checkpoints, logs)


def last_commit() -> str:
    """Return the last commit's hash. Raises StageError if the pipeline has changed since."""
    if uncommitted := output("git", "status", "--short", "--", *PIPELINE):
        raise StageError(f"commit these first, since the last commit is run:\n{uncommitted}")
    return output("git", "rev-parse", "HEAD")


def output(*command: str, folder: Path = ROOT, may_fail: bool = False) -> str:
    """Run a command of git's or dvc's and return what it printed."""
    done = subprocess.run(  # noqa: S603 (git or dvc)
        command, cwd=folder, env=elsewhere(), check=False, stdout=subprocess.PIPE, text=True
    )
    if done.returncode and not may_fail:
        raise StageError(f"`{' '.join(command)}` failed")
    return done.stdout.rstrip()


def elsewhere() -> dict[str, str]:
    """Return the environment for git and dvc in any folder.

    Without what git tells its hooks: they, and all that they start, would act on the repository of
    the hook wherever they are.
    """
    return {name: value for name, value in os.environ.items() if name not in _of_one_repository()}


@cache
def _of_one_repository() -> frozenset[str]:
    names = subprocess.run(
        ["git", "rev-parse", "--local-env-vars"],  # noqa: S607 (the environment's)
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    # These two are settings (`git -c`), which hold in every folder.
    return frozenset(names.split()) - {"GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"}
