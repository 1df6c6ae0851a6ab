"""What the loop trains: the model, its engine and the batches, by the stage's parameters."""

from functools import partial
from typing import Any

import numpy as np

from shared.dataset import Dataset, Labels, Split
from shared.tf import keras, tf
from training.batches import Batches
from training.distributed.engine import ReplicatedEngine
from training.distributed.team import Team
from training.engine import Engine, Losses
from training.loop import most_steps_a_chunk
from training.network import Choices, build
from training.optimization import build_optimizer, build_schedule
from training.params import TrainParams


def configure(params: TrainParams) -> None:
    """Seed everything, and set the precision: before anything is built."""
    keras.utils.set_random_seed(params.seed)
    if params.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy(params.precision)


def build_model(params: TrainParams, dataset: Dataset) -> Any:
    """Return the network that the parameters choose, for the dataset's images and classes."""
    choices = Choices(
        params.width, params.padding, params.pooling, params.activation, params.dropout
    )
    return build(params.network, dataset.image, len(dataset.classes), choices)


def weights_of_classes(params: TrainParams, labels: Labels, classes: int) -> Losses | None:
    """Return what each class counts in the loss [K], or None where all images count alike.

    `balanced` is one part in K for each class, and 1 on average over the images.
    """
    if params.class_weights == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    return (labels.size / (classes * counts)).astype(np.float32)


def build_engine(
    params: TrainParams,
    model: Any,
    *,
    class_weights: Losses | None = None,
    xla: bool = False,
    team: Team | None = None,
) -> Engine:
    """Return the compiled steps of the model; `team` is given where several replicas train it."""
    schedule = build_schedule(params.schedule, params.learning_rate, params.steps)
    optimizer = build_optimizer(
        params.optimizer,
        schedule,
        momentum=params.momentum,
        scale_loss=params.precision == "mixed_float16",
    )
    _, height, width, channels = model.input_shape
    largest = most_steps_a_chunk(params.batch_size, height * width * channels)
    kind = partial(ReplicatedEngine, agree=team.agree) if team else Engine
    return kind(
        model,
        optimizer,
        batch_size=params.batch_size,
        label_smoothing=params.label_smoothing,
        augmentation=params.changes,
        class_weights=class_weights,
        xla_capacity=min(largest, params.eval_every, params.steps) if xla else None,
    )


def build_batches(params: TrainParams, split: Split) -> Batches:
    """Return what each step trains on."""
    return Batches(split, params.batch_size, params.order, params.changes, params.seed)
