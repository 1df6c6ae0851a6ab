"""The engine for several replicas: each takes a part of every batch, gradients are summed."""

from collections.abc import Callable
from typing import Any

import numpy as np

from shared.tf import keras, tf
from training.engine import Engine, Placed, Trained


class ReplicatedEngine(Engine):
    """An Engine whose steps are shared by the replicas of a tf.distribute strategy.

    Model, optimizer and engine must be made in the strategy's scope. Each replica is given the
    whole batch and takes an equal part of it. `agree` gives all processes one's number, so that
    they cut the same chunks.
    """

    def __init__(self, *arguments: Any, agree: Callable[[float], float], **options: Any) -> None:
        self.strategy = tf.distribute.get_strategy()
        self.replicas = self.strategy.num_replicas_in_sync
        self.agree = agree
        super().__init__(*arguments, **options)

    def train(self, chunk: Placed) -> Trained:
        """Run the chunk's steps; the seconds are the chief's."""
        losses, seconds = super().train(chunk)
        return Trained(losses, self.agree(seconds))

    def _train_steps(self, *chunk: Any) -> Any:
        self.strategy.run(self._part_seeds, args=(1,))
        losses = super()._train_steps(*chunk)
        self.strategy.run(self._part_seeds, args=(-1,))
        return losses

    def _part_seeds(self, sign: int) -> None:
        """Give each replica dropout masks of its own, or (-1) take them back.

        Between chunks all replicas have the same state, so that one copy is a checkpoint.
        """
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for layer in self.model.layers:
            if hasattr(layer, "seed_generator"):
                state = layer.seed_generator.state
                state.assign_add(tf.stack([sign * tf.cast(replica, state.dtype), 0]))

    def _step(self, *batch: Any) -> Any:
        def part() -> Any:
            return self._update(*self._own_part(*batch), share=1 / self.replicas)

        return self.strategy.reduce("SUM", self.strategy.run(part), axis=None)

    def _own_part(self, *batch: Any) -> list[Any]:
        """Return this replica's part of each array: [B, ...] to [B / replicas, ...]."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        size = batch[0].shape[0] // self.replicas
        return [
            tf.reshape(array, [self.replicas, size, *array.shape[1:]])[replica] for array in batch
        ]

    def _gradients(self, tape: Any, loss: Any, weights: list[Any]) -> list[Any]:
        """Return the gradients, with loss scaling none of them finite if one is not in any replica.

        Keras's LossScaleOptimizer looks at one replica's own gradients before they are summed.
        """
        gradients = super()._gradients(tape, loss, weights)
        if not isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            return gradients
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(one)) for one in gradients])
        nothing_or_nan = tf.distribute.get_replica_context().all_reduce(
            "SUM", tf.where(finite, 0.0, np.nan)
        )
        return [one + nothing_or_nan for one in gradients]
