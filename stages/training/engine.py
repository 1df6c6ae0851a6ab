"""The compiled part of training: chunks of steps, and evaluation, for one model."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.dataset import Split
from shared.tf import keras, tf
from training.augmentation import apply_changes
from training.batches import Chunk

EVALUATION_BATCH = 500

Losses = npt.NDArray[np.float32]


class Score(NamedTuple):
    """Mean cross-entropy in nats, and the part of the images whose class is right."""

    loss: float
    accuracy: float


class Placed(NamedTuple):
    """A chunk on the device: how many steps to run, and its arrays, perhaps padded with more."""

    steps: int
    tensors: tuple[Any, ...]


class Engine:
    """Trains `model` (uint8 images in, logits out) in place, a chunk of steps at a call.

    A chunk is one compiled function: the host hands over the batches of all its steps and hears
    nothing until the last is done. With `xla_capacity` (a number of steps) XLA compiles the whole
    chunk, for exactly so many steps; shorter chunks are padded, so nothing is compiled twice.
    All batches are of `batch_size` images, which spares each step its arithmetic with shapes.

    Model, optimizer and engine must be made in the scope of one tf.distribute strategy. Each of its
    replicas is given the whole batch and takes an equal part of it; their gradients are summed.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        *,
        batch_size: int,
        label_smoothing: float,
        augment: bool,
        xla_capacity: int | None = None,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.label_smoothing = label_smoothing
        self.augment = augment
        self.xla_capacity = xla_capacity
        self.strategy = tf.distribute.get_strategy()
        self.replicas = self.strategy.num_replicas_in_sync
        optimizer.build(model.trainable_variables)
        pixels = model.input_shape[1:]
        self._chunk = tf.function(
            self._train_steps,
            jit_compile=xla_capacity is not None,
            input_signature=[
                tf.TensorSpec((xla_capacity, batch_size, *pixels), tf.uint8),
                tf.TensorSpec((xla_capacity, batch_size), tf.int32),
                tf.TensorSpec((xla_capacity, batch_size, 6), tf.float32),
                tf.TensorSpec((), tf.int32),
            ],
        )
        self._score = tf.function(
            self._score_batch,
            input_signature=[
                tf.TensorSpec((None, *pixels), tf.uint8),
                tf.TensorSpec((None,), tf.int32),
            ],
        )

    @property
    def variables(self) -> list[Any]:
        """All that training changes: weights, statistics, random generators, optimizer."""
        return [*self.model.variables, *self.optimizer.variables]

    @property
    def learning_rate(self) -> float:
        """The learning rate that the next step will use."""
        return float(self.optimizer.learning_rate)

    def compile(self, chunk: Chunk) -> None:
        """Trace and compile for chunks of this one's batches; change nothing.

        The first steps then take no longer than any others.
        """
        self._chunk(*self.place(chunk).tensors, 0)
        self._score(chunk.images[0], chunk.labels[0])

    def place(self, chunk: Chunk) -> Placed:
        """Return the chunk on the device. Called for the next one while one trains, it is free."""
        steps = len(chunk.labels)
        if self.xla_capacity is not None:
            chunk = _pad(chunk, self.xla_capacity - steps)
        return Placed(steps, tuple(tf.convert_to_tensor(array) for array in chunk))

    def train(self, chunk: Placed) -> Losses:
        """Run the chunk's steps and return the loss of each, before its update: float32 [steps]."""
        return np.asarray(self._chunk(*chunk.tensors, chunk.steps).numpy()[: chunk.steps])

    def evaluate(self, split: Split) -> Score:
        """Return loss (without label smoothing) and accuracy over the split, as it is."""
        losses, right = 0.0, 0
        for start in range(0, len(split.labels), EVALUATION_BATCH):
            batch = slice(start, start + EVALUATION_BATCH)
            loss, hits = self._score(split.images[batch], split.labels[batch].astype(np.int32))
            losses += float(loss)
            right += int(hits)
        return Score(losses / len(split.labels), right / len(split.labels))

    def graph(self) -> Any:
        """Return the evaluation's graph, for TensorBoard."""
        return self._score.get_concrete_function().graph

    def _train_steps(self, images: Any, labels: Any, changes: Any, steps: Any) -> Any:
        losses = tf.TensorArray(tf.float32, size=tf.shape(images)[0], element_shape=())
        self.strategy.run(self._part_seeds, args=(1,))
        for step in tf.range(steps):
            loss = self.strategy.run(
                self._train_step, args=(images[step], labels[step], changes[step])
            )
            losses = losses.write(step, self.strategy.reduce("SUM", loss, axis=None))
        self.strategy.run(self._part_seeds, args=(-1,))
        return losses.stack()

    def _part_seeds(self, sign: int) -> None:
        """Give each replica dropout masks of its own, or (-1) take them back.

        Between chunks all replicas have the same state, so that one copy is a checkpoint.
        """
        if self.replicas == 1:
            return
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for layer in self.model.layers:
            if hasattr(layer, "seed_generator"):
                state = layer.seed_generator.state
                state.assign_add(tf.stack([sign * tf.cast(replica, state.dtype), 0]))

    def _train_step(self, images: Any, labels: Any, changes: Any) -> Any:
        if self.replicas > 1:
            images, labels, changes = self._own_part(images, labels, changes)
        if self.augment:
            images = apply_changes(images, changes)
        with tf.GradientTape() as tape:
            logits = self.model(images, training=True)
            loss = tf.reduce_mean(self._cross_entropy(labels, logits, self.label_smoothing))
            loss /= self.replicas
            scaled = self.optimizer.scale_loss(loss)
        weights = self.model.trainable_variables
        gradients = tape.gradient(scaled, weights)
        if self.replicas > 1 and isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            gradients = _overflow_everywhere(gradients)
        self.optimizer.apply(gradients, weights)
        return loss

    def _own_part(self, *batch: Any) -> list[Any]:
        """Return this replica's part of each array: [B, ...] to [B / replicas, ...]."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        size = batch[0].shape[0] // self.replicas
        return [
            tf.reshape(array, [self.replicas, size, *array.shape[1:]])[replica] for array in batch
        ]

    def _score_batch(self, images: Any, labels: Any) -> tuple[Any, Any]:
        logits = self.model(images, training=False)
        right = tf.argmax(logits, axis=1, output_type=tf.int32) == labels
        losses = self._cross_entropy(labels, logits, label_smoothing=0.0)
        return tf.reduce_sum(losses), tf.math.count_nonzero(right)

    def _cross_entropy(self, labels: Any, logits: Any, label_smoothing: float) -> Any:
        truth = tf.one_hot(labels, logits.shape[-1])
        return keras.losses.categorical_crossentropy(
            truth, logits, from_logits=True, label_smoothing=label_smoothing
        )


def _overflow_everywhere(gradients: list[Any]) -> list[Any]:
    """Return the gradients, all of them not finite in all replicas if one is in any.

    Keras's LossScaleOptimizer looks at one replica's own gradients before they are summed.
    """
    finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(one)) for one in gradients])
    nothing_or_nan = tf.distribute.get_replica_context().all_reduce(
        "SUM", tf.where(finite, 0.0, np.nan)
    )
    return [one + nothing_or_nan for one in gradients]


def _pad(chunk: Chunk, steps: int) -> Chunk:
    """Return the chunk with so many more steps, which are never run."""

    def more(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.pad(array, [(0, steps)] + [(0, 0)] * (array.ndim - 1))

    return Chunk(more(chunk.images), more(chunk.labels), more(chunk.changes))
