"""Batch normalisation by TensorFlow's fused kernel.

Keras 3 makes it of a dozen operations, each of which goes through all activations.
"""

from typing import Any

from shared.tf import keras, tf


class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # no types
    """Keras's own layer, of the last axis of [N, H, W, C]; only what training computes is fused.

    `synchronized` over replicas, it is Keras's in all: the kernel knows one replica's images only.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the normalised inputs; in training, move the averages too."""
        if not (training and self.trainable) or self.synchronized:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            tf.cast(inputs, tf.float32),
            self.gamma.value,
            self.beta.value,
            epsilon=self.epsilon,
            is_training=True,
        )
        count = tf.cast(tf.size(inputs) / tf.size(mean), tf.float32)
        variance *= (count - 1) / count  # Bessel's correction, which the kernel has made
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return tf.cast(outputs, self.compute_dtype)


def with_keras_layers(model: Any) -> Any:
    """Return a copy of the model, of Keras's own layers alone."""

    def plain(layer: Any) -> Any:
        kind = layer.__class__
        kind = keras.layers.BatchNormalization if kind is BatchNormalization else kind
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=plain)
    for target, source in zip(copy.variables, model.variables, strict=True):
        target.assign(source)
    return copy
