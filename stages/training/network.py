"""The networks: raw uint8 pixels in, logits out. Scaling is a layer, so no caller can forget it."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from shared.console import ParameterError
from shared.dataset import ImageShape
from shared.tf import keras, tf
from training.normalization import BatchNormalization

layers = keras.layers

Network = Literal["compact", "accurate", "tutorial"]
Padding = Literal["same", "valid"]
Pooling = Literal["max", "average"]
Activation = Literal["relu", "sigmoid", "tanh"]

# In steps of the 255 from black to white: images that deviate from their mean by less are nearly
# blank, and are not raised to full contrast. Rounding to pixels alone deviates by 0.29.
FLOOR = 0.25


@dataclass(frozen=True)
class Choices:
    """What a run may choose of a network; docs/training.md says which network heeds what.

    `width` is the number of filters of the first convolution; the others have multiples of it.
    """

    width: int
    padding: Padding
    pooling: Pooling
    activation: Activation
    dropout: float


def build(network: Network, image: ImageShape, classes: int, choices: Choices) -> Any:
    """Return a Keras model from uint8 [N, height, width, channels] to float32 logits [N, classes].

    Initial weights and dropout masks come from Keras's global seed. Raises ParameterError where
    the image is too small for the network.
    """
    body = {"compact": _compact, "accurate": _accurate, "tutorial": _tutorial}[network]
    pixels = keras.Input((image.height, image.width, image.channels), dtype="uint8", name="pixels")
    try:
        features = body(pixels, choices)
    except ValueError as error:
        if not re.search("output size would be .*negative", str(error)):
            raise
        raise ParameterError(
            f"params.yaml: train.network: {network} with train.padding {choices.padding} needs "
            f"larger images than {image.height}×{image.width}; "
            "train.network=accurate with train.padding=same takes images of any size"
        ) from error
    features = layers.Dropout(choices.dropout, name="dropout")(features)
    initial = _article_initializers() if network == "tutorial" else {}
    logits = layers.Dense(classes, dtype="float32", name="logits", **initial)(features)
    return keras.Model(pixels, logits, name=network)


def _compact(x: Any, choices: Choices) -> Any:
    """Three convolutions with batch normalisation, the first with stride 2 in place of a pool."""
    pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[choices.pooling]
    x = _normalized(x)
    x = _convolution(x, 1, choices, choices.width, 5, strides=2)
    x = _convolution(x, 2, choices, 2 * choices.width, 3)
    x = pool(2, name="pool")(x)
    x = _convolution(x, 3, choices, 4 * choices.width, 3, padding=_padding_that_fits(x))
    return layers.Flatten(name="flatten")(x)


def _accurate(x: Any, choices: Choices) -> Any:
    """Five convolutions with batch normalisation, two of them with stride 2, then a global pool."""
    pool = {"max": layers.GlobalMaxPooling2D, "average": layers.GlobalAveragePooling2D}
    x = _normalized(x)
    x = _convolution(x, 1, choices, choices.width, 5, strides=2)
    x = _convolution(x, 2, choices, 2 * choices.width, 3)
    x = _convolution(x, 3, choices, 2 * choices.width, 3, strides=2, padding="same")
    x = _convolution(x, 4, choices, 4 * choices.width, 3, padding="same")
    x = _convolution(x, 5, choices, 4 * choices.width, 3, padding=_padding_that_fits(x))
    return pool[choices.pooling](name="pool")(x)


def _padding_that_fits(x: Any) -> Padding:
    """Return `valid`, or `same` where less is left of a small image than a filter covers."""
    return "valid" if min(x.shape[1:3]) >= 3 else "same"


def _normalized(pixels: Any) -> Any:
    """Return each image less its own mean, by its own deviation: what light and contrast leave.

    The mean is taken away twice. LayerNormalization alone would blow its rounding up, in each
    runtime to something else, where an image is blank. So it gets exact zeros of such an image.
    """
    height, width, channels = pixels.shape[1:]
    float32 = {"dtype": "float32"}
    x = layers.Rescaling(1.0, name="cast", **float32)(pixels)
    row = layers.Reshape((height, width * channels, 1), name="row", **float32)(x)
    mean = layers.GlobalAveragePooling2D(keepdims=True, name="mean", **float32)(row)
    x = layers.Subtract(name="centre", **float32)([x, mean])
    options = {"axis": (1, 2, 3), "center": False, "scale": False, "epsilon": FLOOR**2}
    return layers.LayerNormalization(name="normalize", **options)(x)


def _convolution(
    x: Any, number: int, choices: Choices, filters: int, kernel: int, **changes: Any
) -> Any:
    options = {"padding": choices.padding, "use_bias": False, **changes}
    x = layers.Conv2D(filters, kernel, name=f"conv{number}", **options)(x)
    # Keras's default momentum, 0.99, lags too far behind in a run of a few hundred steps.
    # Replicas have a part of the batch each, and normalise by the statistics of the whole.
    several = tf.distribute.get_strategy().num_replicas_in_sync > 1
    x = BatchNormalization(momentum=0.9, synchronized=several, name=f"norm{number}")(x)
    return layers.Activation(choices.activation, name=f"{choices.activation}{number}")(x)


def _tutorial(x: Any, choices: Choices) -> Any:
    """The 2017 article's network, to the letter: unscaled pixels, its widths and initial values."""
    pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[choices.pooling]
    options = {"padding": choices.padding, "activation": choices.activation}
    x = layers.Rescaling(1.0, name="cast")(x)
    for number, filters in enumerate((32, 64), start=1):
        initial = _article_initializers()
        x = layers.Conv2D(filters, 5, name=f"conv{number}", **options, **initial)(x)
        x = pool(2, padding=choices.padding, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    initial = _article_initializers()
    return layers.Dense(1024, choices.activation, name="dense", **initial)(x)


def _article_initializers() -> dict[str, Any]:
    """Return new ones, for one layer: an initializer gives the same numbers at each call."""
    return {
        "kernel_initializer": keras.initializers.TruncatedNormal(stddev=0.1),
        "bias_initializer": keras.initializers.Constant(1.0),
    }
