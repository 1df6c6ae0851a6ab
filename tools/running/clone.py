"""Experiments in a clone of a commit: the workspace stays as it is, and may be worked in."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, gettempdir
from typing import IO, NamedTuple

from project import ROOT
from shared.console import StageError
from shared.environment import readable_place, writable_folder
from shared.lock import locked

PIPELINE = ("dvc.yaml", "params.yaml", "requirements.txt", "datasets", "stages")
PREFIX = "experiments-"


class DvcError(StageError):
    """A command of dvc's that failed, and has said why."""


class RefusedError(DvcError):
    """One that failed since the parameters themselves are at fault."""


class Clone(NamedTuple):
    """A clone of the project with the same user for git and the same cache for DVC.

    Checkpoints and logs outlive it, and the user's mirror is where it was.
    """

    folder: Path
    mirror: str | None
    checkpoints: Path
    logs: Path
    lock: IO[str]

    def run(
        self, name: str, settings: list[str], *targets: str, holds: tuple[int, ...] = ()
    ) -> None:
        """Run an experiment, from a clean state, and push it to the project under its name.

        An experiment of the same commit that has this name already gives way. Its results stand
        in the clone until the next one. `dvc exp run` keeps the open files that it `holds`, also
        should it outlive this process. Raises DvcError if it fails, and RefusedError if it would
        with these parameters at any time.
        """
        output("git", "reset", "--quiet", "--hard", folder=self.folder)
        changes = [f"--set-param={setting}" for setting in settings]
        self._dvc("exp", "run", "--name", name, *changes, *targets, holds=holds)
        self._dvc("exp", "push", "--quiet", "--no-cache", "--force", "origin", name)

    def _dvc(self, *command: str, holds: tuple[int, ...] = ()) -> None:
        """Run dvc; if interrupted, interrupt it and its stage, and wait for them."""
        refused = self.folder / ".dvc/tmp/refused"
        refused.unlink(missing_ok=True)
        with subprocess.Popen(  # noqa: S603 (dvc)
            ["dvc", *command],  # noqa: S607 (the environment's)
            cwd=self.folder,
            env={
                **elsewhere(),
                "DATASET_MIRROR": self.mirror or "",
                "CHECKPOINT_DIR": str(self.checkpoints),
                "LOG_DIR": str(self.logs),
                "PARAMETERS_REFUSED": str(refused),
            },
            stdout=sys.stderr,
            pass_fds=(self.lock.fileno(), *holds),
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
            kind = RefusedError if refused.exists() else DvcError
            raise kind(f"`dvc {' '.join(command)}` failed; mend it, and start this again")


def _heed_sigint() -> None:
    """Undo what a shell does to what it starts in a script's background: it has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def clone(commit: str = "HEAD") -> Iterator[Clone]:
    """Clone the commit into a temporary folder, for as long as the block runs."""
    checkpoints = writable_folder("CHECKPOINT_DIR", ROOT / ".checkpoints").absolute()
    logs = writable_folder("LOG_DIR", ROOT / "logs").absolute()
    mirror = readable_place("DATASET_MIRROR")
    user = output("git", "config", "--get-regexp", r"^user\.(name|email)$", may_fail=True)
    pairs = (line.split(" ", 1) for line in user.splitlines())
    options = [f"--config={key}={value}" for key, value in pairs]
    _sweep()
    with (
        TemporaryDirectory(prefix=PREFIX) as name,
        (Path(name) / "lock").open("w", encoding="utf-8") as lock,
    ):
        locked(lock)
        folder = Path(name) / "clone"
        output("git", "clone", "--quiet", "--origin=origin", *options, str(ROOT), str(folder))
        output("git", "switch", "--quiet", "--detach", commit, folder=folder)
        output("dvc", "cache", "dir", "--local", output("dvc", "cache", "dir"), folder=folder)
        yield Clone(folder, mirror, checkpoints, logs, lock)


def _sweep() -> None:
    """Remove the clones that were killed: nobody has their lock, neither a tool nor its dvc."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*/clone"):
        with suppress(OSError), (folder.parent / "lock").open("r+", encoding="utf-8") as lock:
            if locked(lock):
                rmtree(folder.parent)


def last_commit() -> str:
    """Return the last commit's hash. Raises StageError if the pipeline has changed since."""
    if uncommitted := output("git", "status", "--porcelain", "--", *PIPELINE):
        raise StageError(f"commit these first, since the last commit is run:\n{uncommitted}")
    return output("git", "rev-parse", "HEAD")


def require_whole_history() -> None:
    """Raise StageError in a shallow clone, where DVC fetches no result from a folder of its own."""
    if output("git", "rev-parse", "--is-shallow-repository") == "true":
        raise StageError(
            "this is a shallow clone, in which `dvc exp run --temp` and DVC's queue lose their "
            "results; `git fetch --unshallow`, and start this again"
        )


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
