"""Optimizers and learning-rate schedules, all of them Keras's own."""

from typing import Any, Literal

from shared.tf import keras

Optimizer = Literal["adam", "sgd"]
Schedule = Literal["one-cycle", "constant"]

WARM_UP = 0.25  # the part of a one-cycle run in which the learning rate rises
START = 0.04  # where it begins, as a part of its highest value


def build_schedule(schedule: Schedule, learning_rate: float, steps: int) -> Any:
    """Return the learning rate as Keras takes it: a number or a function of the step.

    one-cycle (Smith and Topin, "Super-Convergence", 2018): up in a straight line, then down to 0
    along a cosine.
    """
    if schedule == "constant":
        return learning_rate
    warm_up = max(1, round(WARM_UP * steps))
    return keras.optimizers.schedules.CosineDecay(
        START * learning_rate,
        max(1, steps - warm_up),
        warmup_target=learning_rate,
        warmup_steps=warm_up,
    )


def build_optimizer(
    optimizer: Optimizer, learning_rate: Any, *, momentum: float, scale_loss: bool
) -> Any:
    """Return the optimizer; with `scale_loss` (float16's small range needs it) wrapped for it."""
    built = (
        keras.optimizers.SGD(learning_rate, momentum=momentum)
        if optimizer == "sgd"
        else keras.optimizers.Adam(learning_rate)
    )
    return keras.optimizers.LossScaleOptimizer(built) if scale_loss else built
