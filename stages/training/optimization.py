"""Optimizers and learning-rate schedules."""

from typing import Any, Literal

from shared.tf import keras, tf

Optimizer = Literal["adam", "sgd"]
Schedule = Literal["one-cycle", "constant"]

WARM_UP = 0.25  # the part of a one-cycle run in which the learning rate rises
START = 0.04  # where it begins, as a part of its highest value


class Adam(keras.optimizers.Adam):  # type: ignore[misc]  # no types
    """Keras's own, but for one of TensorFlow's kernels in place of its dozen operations a weight.

    It knows no `amsgrad`. Kingma and Ba, "Adam", 2015, in the form before their section 2.1.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update the variable and its moments."""
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


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
        else Adam(learning_rate)
    )
    return keras.optimizers.LossScaleOptimizer(built) if scale_loss else built
