"""One process at a time: in a stage of a folder, and on the checkpoints of an experiment."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from shared.console import StageError, log

LOCKS = Path(".dvc/tmp")


def locked(file: IO[Any], *, wait: bool = False) -> bool:
    """Lock the open file until it is closed; return False while another process has the lock.

    Raises StageError where the file system has no locks.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StageError(
            f"{file.name}: the file system cannot lock files ({error.strerror}), so nothing keeps "
            "two processes from writing the same ones; move this folder to a local disk, or have "
            "the file system mounted with locks (Lustre: `-o flock`)"
        ) from None
    return True


@contextmanager
def stage_lock(stage: str) -> Iterator[None]:
    """Keep a second process out of the stage in this working folder, for as long as the block runs.

    Raises StageError, naming the other process: a stage may outlive a `dvc` that was killed.
    """
    with _held(LOCKS / f"{stage}.pid", f"runs {stage} here already", wait=False):
        yield


@contextmanager
def checkpoint_lock(path: Path) -> Iterator[None]:
    """Hold the lock on an experiment's checkpoints; wait, with a line, for another that trains it.

    The file must lie outside the folder that is deleted with the checkpoints.
    """
    with _held(path, "trains with the same parameters and data; waiting for it", wait=True):
        yield


@contextmanager
def _held(path: Path, what: str, *, wait: bool) -> Iterator[None]:
    """Hold the lock file, with this process's id in it. It goes, and ends with the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("a+", encoding="utf-8") as file:
            if not locked(file):
                file.seek(0)
                process = file.read().strip()
                message = f"{path}: process {process} {what}"
                if not wait:
                    raise StageError(
                        f"{message}, perhaps left over from a dvc that was killed; wait for it, "
                        f"or end it with `kill {process}`"
                    )
                log.info(message)
                locked(file, wait=True)
            if not _is_at(path, file):  # the one before has removed it; a third may have another
                continue
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _is_at(path: Path, file: IO[Any]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
