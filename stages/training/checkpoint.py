"""Checkpoints: all that training needs to go on as if it had never stopped."""

import io
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from shared.console import log
from shared.dataset import DAMAGE
from shared.files import replacing

STEP = "[0-9]" * 9  # the pattern of a checkpoint's name
KEPT = 2  # the newest, and one to fall back to


class Checkpoints:
    """The checkpoints of one experiment, in a folder of its own.

    The folder's name must be a fingerprint of all that decides the result, so that an old
    checkpoint is never taken up by a changed experiment.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def exist(self) -> bool:
        """Return whether there is one, whole or not."""
        return bool(self._newest_first())

    def save(self, step: int, variables: Sequence[Any], history: Sequence[Any]) -> None:
        """Write a checkpoint, whole or not at all even if the power fails, and drop the oldest."""
        arrays = {f"variable_{n}": variable.numpy() for n, variable in enumerate(variables)}
        path = self.folder / f"{step:09}.npz"
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, history=json.dumps(history), **arrays)
            file.flush()
            os.fsync(file.fileno())
        for old in self._newest_first()[KEPT:]:
            old.unlink()

    def restore(self, variables: Sequence[Any]) -> list[Any]:
        """Set the variables from the newest whole checkpoint and return its history.

        A damaged one is passed over, with a word in the log. With none, nothing is set and the
        history is empty.
        """
        content = self._newest_whole(len(variables))
        if not content:
            return []
        arrays, history = _read(content, len(variables))
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return history

    def _newest_whole(self, variables: int) -> bytes:
        """Return the content of the newest checkpoint that is whole, or nothing."""
        for path in self._newest_first():
            try:
                content = path.read_bytes()
                _read(content, variables)
            except DAMAGE as error:
                log.warning("%s: damaged (%s); falling back to the one before", path, error)
                continue
            log.info("going on from %s", path)
            return content
        return b""

    def delete(self) -> None:
        """Remove the experiment's checkpoints: it is done. What is not ours stays in the folder."""
        cut_off = self.folder.glob(f".{STEP}.partial.npz")
        for path in (*self._newest_first(), *cut_off):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # it is not empty
            self.folder.rmdir()

    def _newest_first(self) -> list[Path]:
        return sorted(self.folder.glob(f"{STEP}.npz"), reverse=True)


def _read(content: bytes, variables: int) -> tuple[list[Any], list[Any]]:
    """Return the variables' arrays and the history; a member's CRC lets no half file pass."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = [archive[f"variable_{n}"] for n in range(variables)]
        return arrays, json.loads(str(archive["history"]))
