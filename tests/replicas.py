"""What test_replicas.py runs in processes of their own: a few steps under a strategy.

python tests/replicas.py STRATEGY SPLIT.npz RESULT.npz
"""

import faulthandler
import sys
from pathlib import Path
from typing import Any

import numpy as np

from shared.console import StageError
from shared.dataset import ImageShape, open_split
from shared.tf import keras, tf
from training.augmentation import Augmentation
from training.batches import Batches
from training.distributed.engine import ReplicatedEngine
from training.distributed.strategy import assemble
from training.engine import Engine
from training.network import Choices, build
from training.optimization import build_optimizer

STEPS, BATCH = 12, 8
AUGMENTATION = Augmentation(1.0)


class Spied(ReplicatedEngine):
    """Keeps the images that each replica of this process is given, step after step."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.seen: dict[int, list[Any]] = {}

    def _own_part(self, *batch: Any) -> list[Any]:
        parts = super()._own_part(*batch)
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        tf.py_function(
            lambda number, images: self.seen.setdefault(int(number), []).append(images.numpy()),
            [replica, parts[0]],
            [],
        )
        return parts


class OverflowingInTheLast(ReplicatedEngine):
    """Has a loss without bounds in the last replica."""

    def _cross_entropy(self, *arguments: Any, **options: Any) -> Any:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        factor = tf.where(tf.equal(replica, self.replicas - 1), np.inf, 1.0)
        return factor * super()._cross_entropy(*arguments, **options)


def build_engine(
    kind: type[Any] = Engine, *, dropout: float = 0.0, scale_loss: bool = False
) -> Any:
    keras.utils.set_random_seed(0)
    image = ImageShape(height=12, width=12, channels=1)
    model = build("compact", image, 4, Choices(8, "same", "max", "relu", dropout))
    optimizer = build_optimizer("adam", 0.003, momentum=0, scale_loss=scale_loss)
    options = {} if kind is Engine else {"agree": float}
    return kind(
        model,
        optimizer,
        batch_size=BATCH,
        label_smoothing=0.1,
        augmentation=AUGMENTATION,
        **options,
    )


def train(engine: Engine, split: Path, steps: int = STEPS) -> Any:
    batches = Batches(open_split(split), BATCH, "shuffled", AUGMENTATION, seed=0)
    return engine.train(engine.place(batches.gather(0, steps))).losses


def main() -> None:
    faulthandler.dump_traceback_later(600, exit=True)  # replicas may wait for ever
    wanted, split, result = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    with assemble(wanted, BATCH) as team:  # type: ignore[arg-type]
        with team.strategy.scope():
            engine = build_engine(Spied)
            keras.config.set_dtype_policy("mixed_float16")
            half = build_engine(ReplicatedEngine, dropout=0.1, scale_loss=True)
            overflowing = build_engine(OverflowingInTheLast, scale_loss=True)
        dropout = half.model.get_layer("dropout")

        def each(function: Any) -> list[Any]:
            """What the function gives in each replica of this process."""
            results = team.strategy.run(tf.function(function))
            return [value.numpy() for value in team.strategy.experimental_local_results(results)]

        def copies(weight: Any) -> Any:
            """The weight in each replica of this process."""
            values = team.strategy.experimental_local_results(weight.value)
            return np.stack([value.numpy() for value in values])

        def mask() -> Any:
            half._part_seeds(1)
            mask = dropout(tf.ones(99), training=True)
            half._part_seeds(-1)
            return mask

        def refused(fingerprint: str) -> bool:
            try:
                team.require_same(fingerprint)
            except StageError:
                return True
            return False

        losses = train(engine, split)
        scale = overflowing.optimizer.dynamic_scale
        trained = overflowing.model.trainable_weights
        before = [scale.numpy(), *(copies(weight) for weight in trained)]
        train(overflowing, split, steps=1)
        after = [scale.numpy(), *(copies(weight) for weight in trained)]
        np.savez(
            result,
            losses=losses,
            half_losses=train(half, split),
            images=np.stack([np.stack(engine.seen[replica]) for replica in sorted(engine.seen)]),
            masks=np.stack(each(mask)),
            states=np.stack(each(lambda: dropout.seed_generator.state.value + 0)),
            scales=[before[0], after[0]],
            unchanged=[np.array_equal(*pair) for pair in zip(before, after, strict=True)][1:],
            shared=np.frombuffer(team.share(b"chief" if team.chief else b"x"), np.uint8),
            agreed=team.agree(float(team.rank + 3)),
            refused=[refused("chief" if team.chief else "other"), refused("same")],
            **{f"weight_{n}": copies(weight) for n, weight in enumerate(engine.model.weights)},
        )


if __name__ == "__main__":
    main()
