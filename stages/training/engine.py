"""The compiled part of training: chunks of steps, and evaluation, for one model."""

import time
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.dataset import Split
from shared.tf import keras, tf
from training.augmentation import Augmentation
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


class Trained(NamedTuple):
    """A chunk's losses, one a step and before its update, and the seconds that the chunk took."""

    losses: Losses
    seconds: float


class Engine:
    """Trains `model` (uint8 images in, logits out) in place, a chunk of steps at a call.

    A chunk is one compiled function: the host hands over the batches of all its steps and hears
    nothing until the last is done. With `xla_capacity` (a number of steps) XLA compiles the whole
    chunk, for exactly so many steps; shorter chunks are padded, so nothing is compiled twice.
    All batches are of `batch_size` images, which spares each step its arithmetic with shapes.
    `class_weights` [K] multiply each image's part in the loss that is trained on.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        *,
        batch_size: int,
        label_smoothing: float,
        augmentation: Augmentation,
        class_weights: Losses | None = None,
        xla_capacity: int | None = None,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.label_smoothing = label_smoothing
        self.augmentation = augmentation
        self.class_weights = class_weights
        self.xla_capacity = xla_capacity
        optimizer.build(model.trainable_variables)
        pixels = model.input_shape[1:]
        self._chunk = tf.function(
            self._train_steps,
            jit_compile=xla_capacity is not None,
            input_signature=[
                tf.TensorSpec((xla_capacity, batch_size, *pixels), tf.uint8),
                tf.TensorSpec((xla_capacity, batch_size), tf.int32),
                tf.TensorSpec((xla_capacity, batch_size, augmentation.columns), tf.float32),
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

    def train(self, chunk: Placed) -> Trained:
        """Run the chunk's steps."""
        began = time.perf_counter()
        losses = np.asarray(self._chunk(*chunk.tensors, chunk.steps).numpy()[: chunk.steps])
        return Trained(losses, time.perf_counter() - began)

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
        for step in tf.range(steps):
            losses = losses.write(step, self._step(images[step], labels[step], changes[step]))
        return losses.stack()

    def _step(self, images: Any, labels: Any, changes: Any) -> Any:
        """Run a step on the device and return its loss; several replicas share it here."""
        return self._update(images, labels, changes, share=1)

    def _update(self, images: Any, labels: Any, changes: Any, *, share: float) -> Any:
        """Move the weights against the gradient of `share` times the mean loss, and return that."""
        images = self.augmentation.apply(images, changes)
        with tf.GradientTape() as tape:
            logits = self.model(images, training=True)
            losses = self._cross_entropy(labels, logits, self.label_smoothing)
            if self.class_weights is not None:
                losses *= tf.gather(self.class_weights, labels)
            loss = tf.reduce_mean(losses) * share
            scaled = self.optimizer.scale_loss(loss)
        weights = self.model.trainable_variables
        self.optimizer.apply(self._gradients(tape, scaled, weights), weights)
        return loss

    def _gradients(self, tape: Any, loss: Any, weights: list[Any]) -> list[Any]:
        gradients: list[Any] = tape.gradient(loss, weights)
        return gradients

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


def _pad(chunk: Chunk, steps: int) -> Chunk:
    """Return the chunk with so many more steps, which are never run."""

    def more(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.pad(array, [(0, steps)] + [(0, 0)] * (array.ndim - 1))

    return Chunk(more(chunk.images), more(chunk.labels), more(chunk.changes))
