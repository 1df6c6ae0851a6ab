"""The replicas that train one model, in one process or in several."""

from typing import Any

import numpy as np
import numpy.typing as npt

from shared.console import StageError
from shared.tf import tf


class Team:
    """A tf.distribute strategy, and what its processes have to tell each other.

    With one process nothing is told: every method gives back what it is given.
    """

    def __init__(self, strategy: Any, rank: int = 0, workers: int = 1) -> None:
        self.strategy = strategy
        self.rank = rank
        self.workers = workers
        self._from_chief = tf.function(
            self._sum_of_first, input_signature=[tf.TensorSpec((None,), tf.float32)]
        )

    @property
    def chief(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    @property
    def replicas(self) -> int:
        """How many devices train, of all processes together."""
        return int(self.strategy.num_replicas_in_sync)

    def describe(self, device: str) -> str:
        """Return what trains, as the recipe has it: `device` where that is all."""
        if self.replicas == 1:
            return device
        return f"{self.replicas} × {device}" + f", {self.workers} workers" * (self.workers > 1)

    def share(self, content: bytes) -> bytes:
        """Return the chief's content. Every worker must call it, as often and in the same order."""
        if self.workers == 1:
            return content
        length = int.from_bytes(self._share(len(content).to_bytes(8)))
        return self._share(content[:length].ljust(length, b"\0"))

    def meet(self) -> None:
        """Wait until every worker is here."""
        self.share(b"")

    def agree(self, number: float) -> float:
        """Return the chief's number."""
        if self.workers == 1:
            return number
        return float(self._receive(np.array([number], np.float32))[0])

    def require_same(self, fingerprint: str) -> None:
        """Raise StageError where this worker is about to train something else than the chief."""
        chiefs = self.share(fingerprint.encode()).decode()
        if chiefs != fingerprint:
            raise StageError(
                f"this worker's parameters, data, code or devices are not the chief's (fingerprint "
                f"{fingerprint}, not {chiefs}); bring them to the same commit and the same data"
            )

    def _share(self, content: bytes) -> bytes:
        numbers = np.frombuffer(content, np.uint8).astype(np.float32)
        return self._receive(numbers).astype(np.uint8).tobytes()

    def _receive(self, numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(self._from_chief(numbers).numpy())

    def _sum_of_first(self, numbers: Any) -> Any:
        """Sum the first replica's numbers and the others' zeros: what every backend can do."""

        def each(numbers: Any) -> Any:
            context = tf.distribute.get_replica_context()
            first = tf.equal(context.replica_id_in_sync_group, 0)
            return context.all_reduce("SUM", tf.where(first, numbers, 0.0))

        results = self.strategy.run(each, args=(numbers,))
        return self.strategy.experimental_local_results(results)[0]
