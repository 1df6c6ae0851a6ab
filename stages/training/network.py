"""The networks: raw uint8 pixels in, logits out. Scaling is a layer, so no caller can forget it."""

import math
from collections.abc import Callable
from typing import Any, Literal

from shared.console import StageError
from shared.dataset import ImageShape
from shared.tf import keras

layers = keras.layers

Network = Literal["compact", "tutorial"]
Padding = Literal["same", "valid"]
Pooling = Literal["max", "average"]
Activation = Literal["relu", "sigmoid", "tanh"]


def build(
    network: Network,
    image: ImageShape,
    classes: int,
    *,
    padding: Padding,
    pooling: Pooling,
    activation: Activation,
    dropout: float,
) -> Any:
    """Return a Keras model from uint8 [N, height, width, channels] to float32 logits [N, classes].

    Initial weights and dropout masks come from Keras's global seed. Raises StageError where the
    image is too small for the network.
    """
    body = {"compact": _compact, "tutorial": _tutorial}[network]
    pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[pooling]
    pixels = keras.Input((image.height, image.width, image.channels), dtype="uint8", name="pixels")
    try:
        features = body(pixels, padding, pool, activation)
    except ValueError as error:
        raise StageError(
            f"params.yaml: train.network: {network} with train.padding {padding} needs larger "
            f"images than {image.height}×{image.width} ({error})"
        ) from error
    features = layers.Dropout(dropout, name="dropout")(features)
    initial = _article_initializers() if network == "tutorial" else {}
    logits = layers.Dense(classes, dtype="float32", name="logits", **initial)(features)
    return keras.Model(pixels, logits, name=network)


def _compact(x: Any, padding: Padding, pool: Callable[..., Any], activation: Activation) -> Any:
    """Three convolutions with batch normalisation, the first with stride 2 in place of a pool."""

    def convolution(x: Any, number: int, filters: int, kernel: int, **options: Any) -> Any:
        x = layers.Conv2D(filters, kernel, use_bias=False, name=f"conv{number}", **options)(x)
        # Keras's default momentum, 0.99, lags too far behind in a run of a few hundred steps.
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        return layers.Activation(activation, name=f"{activation}{number}")(x)

    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(x)
    x = convolution(x, 1, 24, 5, strides=2, padding=padding)
    x = convolution(x, 2, 48, 3, padding=padding)
    x = pool(2, name="pool")(x)
    x = convolution(x, 3, 96, 3, padding="valid")
    return layers.Flatten(name="flatten")(x)


def _tutorial(x: Any, padding: Padding, pool: Callable[..., Any], activation: Activation) -> Any:
    """The 2017 article's network, to the letter: unscaled pixels, its widths and initial values."""
    options = {"activation": activation, **_article_initializers()}
    x = layers.Rescaling(1.0, name="cast")(x)
    for number, filters in enumerate((32, 64), start=1):
        x = layers.Conv2D(filters, 5, padding=padding, name=f"conv{number}", **options)(x)
        x = pool(2, padding=padding, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    return layers.Dense(1024, name="dense", **options)(x)


def _article_initializers() -> dict[str, Any]:
    return {
        "kernel_initializer": keras.initializers.TruncatedNormal(stddev=0.1),
        "bias_initializer": keras.initializers.Constant(1.0),
    }


def output_size(size: int, kernel: int, padding: float, stride: int) -> int:
    """Return a convolution's output size along one axis, in pixels, as the article gives it.

    (input - kernel + 2 * padding) / stride + 1, rounded down. `padding` is the mean of both sides:
    with `same` padding and a stride, TensorFlow pads the far side by one pixel more.
    """
    return math.floor((size - kernel + 2 * padding) / stride) + 1
