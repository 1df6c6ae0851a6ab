"""Checkpoints for several workers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.checkpoint import Checkpoints
from training.distributed.team import Team


class TeamCheckpoints(Checkpoints):
    """Checkpoints that the chief alone writes and reads, and all workers go on from."""

    def __init__(self, folder: Path, team: Team) -> None:
        super().__init__(folder)
        self.team = team

    def save(self, step: int, variables: Sequence[Any], history: Sequence[Any]) -> None:
        """Write a checkpoint, where this is the chief."""
        if self.team.chief:
            super().save(step, variables, history)

    def _newest_whole(self, variables: int) -> bytes:
        return self.team.share(super()._newest_whole(variables) if self.team.chief else b"")
