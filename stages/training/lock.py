"""One trainer at a time in a working folder, and on the checkpoints of an experiment."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zc.lockfile

from shared.console import StageError


@contextmanager
def only_trainer(path: Path) -> Iterator[None]:
    """Hold the lock file, with this process's id in it, for as long as the block runs.

    The lock ends with the process, however that ends. Raises StageError, naming the other process,
    while one holds it: a trainer may outlive a `dvc` that was killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = zc.lockfile.LockFile(str(path))
    except zc.lockfile.LockError:
        process = path.read_text(encoding="utf-8").strip()
        raise StageError(
            f"{path}: process {process} is training here already, perhaps left over from a "
            f"dvc that was killed; wait for it, or end it with `kill {process}`"
        ) from None
    try:
        yield
    finally:
        lock.close()
