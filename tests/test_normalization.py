from typing import Any

import numpy as np
import pytest

from shared.tf import keras, tf
from training.normalization import BatchNormalization, with_keras_layers

SHAPE = (4, 3, 2, 5)


def images() -> Any:
    return tf.constant(np.random.default_rng(0).normal(3, 2, SHAPE).astype(np.float32))


def layers(**options: Any) -> list[Any]:
    kinds = (BatchNormalization, keras.layers.BatchNormalization)
    return [kind(momentum=0.9, beta_initializer="ones", **options) for kind in kinds]


def test_training_is_keras_s_own() -> None:
    weights = tf.random.stateless_normal(SHAPE, [0, 1])
    results = []
    for layer in layers():
        pixels = images()
        layer.build(SHAPE)
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            outputs = layer(pixels, training=True)
            loss = tf.reduce_sum(outputs * weights)
        gradients = tape.gradient(loss, [pixels, layer.gamma.value, layer.beta.value])
        results.append([outputs, *gradients, layer.moving_mean, layer.moving_variance])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_inference_and_a_frozen_layer_s_training_are_keras_s_own(training: bool) -> None:
    results = [
        [layer(images(), training=training), layer.moving_mean, layer.moving_variance]
        for layer in layers(trainable=not training)
    ]
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_low_precision_is_normalised_in_float32(precision: str) -> None:
    low = precision.removeprefix("mixed_")
    # float16 has steps of 0.25 at 300, bfloat16 of 2, and 300 squared is no number of float16's.
    pixels = tf.cast(images() + 300, low)
    ours, theirs = layers(dtype=precision)[0], layers()[1]
    results = [
        [layer(given, training=True), layer.moving_mean, layer.moving_variance]
        for layer, given in [(ours, pixels), (theirs, tf.cast(pixels, tf.float32))]
    ]
    assert results[0][0].dtype == low
    for one, other in zip(*results, strict=True):
        expected = tf.cast(other, one.dtype)  # rounded as the outputs are
        np.testing.assert_allclose(
            tf.cast(one, tf.float32), tf.cast(expected, tf.float32), rtol=0.01, atol=1e-3
        )


def test_a_copy_of_keras_layers_says_the_same() -> None:
    pixels = keras.Input(SHAPE[1:], name="pixels")
    middle = BatchNormalization(name="norm")(pixels)
    model = keras.Model(pixels, keras.layers.Dropout(0.5)(middle), name="small")
    model(images(), training=True)
    copy = with_keras_layers(model)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    assert copy.name == "small"
    assert type(copy.get_layer("norm")) is keras.layers.BatchNormalization
    for one, other in zip(model.variables, copy.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    np.testing.assert_array_equal(model(images()).numpy(), copy(images()).numpy())
