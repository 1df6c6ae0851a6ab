"""The trained classifier as evaluate and export use it: raw uint8 pixels in, float32 throughout."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.console import StageError
from shared.dataset import Dataset, Images
from shared.tf import keras, tf

Scores = npt.NDArray[np.float32]

BATCH_SIZE = 500


def load_classifier(path: Path, images: Images, dataset: Dataset) -> keras.Model:
    """Return the trained model: images uint8 [N, height, width, channels] to logits [N, K].

    It computes in float32, whatever precision it was trained with, so that what is evaluated is
    what is exported. Raises StageError for a model that cannot be read, and for one that does not
    fit the shape of `images` or the classes of `dataset`.
    """
    try:
        path.open("rb").close()
    except FileNotFoundError:
        raise StageError(f"{path}: no such file; `dvc repro train` makes it") from None
    try:
        model = _in_float32(keras.models.load_model(path, compile=False))
        model(np.zeros((1, *model.input_shape[1:]), np.uint8))
    except Exception as error:  # Keras's, TensorFlow's, zipfile's or h5py's, of any kind
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 100)
        raise StageError(
            f"{path}: damaged, or not a model that Keras can read ({reason}); `dvc repro train` "
            "makes it anew"
        ) from error
    _check_fit(path, model, images, dataset)
    return model


def temperature_of(model: keras.Model) -> float:
    """Return what the model divides its logits by (stages/training/calibration.py), or 1."""
    last = model.layers[-1]
    return 1 / last.scale if isinstance(last, keras.layers.Rescaling) else 1.0


def predict(scores: Callable[[Images], npt.ArrayLike], images: Images) -> Scores:
    """Return `scores` of all images [N, K], computed batch by batch: memory stays flat."""
    batches = (images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE))
    return np.concatenate([np.asarray(scores(np.asarray(batch))) for batch in batches])


def _check_fit(path: Path, model: keras.Model, images: Images, dataset: Dataset) -> None:
    takes, given = model.input_shape[1:], images.shape[1:]
    if takes != given:
        complaint = (
            f"takes images of {_text(takes)}, but those of {dataset.name} are {_text(given)}"
        )
    elif model.output_shape[1:] != (len(dataset.classes),):
        complaint = (
            f"tells {_text(model.output_shape[1:])} classes apart, "
            f"but {dataset.name} has {len(dataset.classes)}"
        )
    else:
        return
    raise StageError(f"{path}: {complaint}; `dvc repro train` trains one that fits")


def _text(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def _in_float32(model: keras.Model) -> keras.Model:
    """Return the same network with the same weights, which are float32 in mixed precision too.

    TFLite has no bfloat16 convolution. TensorFloat-32, to which a GPU rounds without being asked,
    is off as well: it would differ from the other runtimes by more than rounding.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)

    def in_float32(layer: Any) -> Any:
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    clone = keras.models.clone_model(model, clone_function=in_float32)
    clone.set_weights(model.get_weights())
    return clone
