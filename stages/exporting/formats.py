"""The formats that a classifier is exported in.

All take `images`, uint8 [N, height, width, channels] for any N, and give `probabilities`, float32
[N, K]; all come out as the same bytes each time.
"""

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from shared.dataset import Images
from shared.tf import keras, tf

CALIBRATION_IMAGES = 500
"""How many images show the integer format what its activations reach."""

LEAST_CONTRAST = 0.05
"""The least part of the range from black to white that an image of them has."""


def with_probabilities(model: keras.Model) -> keras.Model:
    """Return the classifier: `images` to `probabilities`, the softmax of the model's logits."""
    images = keras.Input(model.input_shape[1:], dtype="uint8", name="images")
    probabilities = keras.layers.Softmax(name="probabilities", dtype="float32")(model(images))
    return keras.Model(images, {"probabilities": probabilities})


def _signature(classifier: keras.Model) -> list[Any]:
    return [tf.TensorSpec(classifier.input_shape, tf.uint8, name="images")]


def write_saved_model(classifier: keras.Model, path: Path) -> None:
    """Write a SavedModel with the method `serve` and the same as signature `serving_default`.

    Keras's own export tracks variables in an order that differs from run to run.
    """

    def serve(images: Any) -> Any:
        return classifier(images, training=False)

    module = tf.Module()
    module.weights = list(classifier.weights)
    module.serve = tf.function(serve, input_signature=_signature(classifier))
    tf.saved_model.save(module, str(path), signatures=module.serve.get_concrete_function())
    (path / "fingerprint.pb").unlink()  # it holds a random number, and no runtime needs it


def write_onnx(classifier: keras.Model, path: Path) -> None:
    """Write ONNX, with inner names that depend on nothing but the graph."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # keras patches tf2onnx for NumPy 2
        classifier.export(
            path, format="onnx", input_signature=_signature(classifier), verbose=False
        )
    model = onnx.load(path)
    _rename(model.graph)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _rename(graph: onnx.GraphProto) -> None:
    """Name nodes and values by their place.

    tf2onnx numbers what it adds, and of equal constants keeps one, in an order that differs from
    run to run. Its comment names a TensorFlow function by how many the process had before.
    """
    graph.doc_string = ""
    names = {value.name: value.name for value in (*graph.input, *graph.output)}
    names[""] = ""  # an optional input that is left out
    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"
        for position, name in enumerate(node.input):
            node.input[position] = names.setdefault(name, f"constant_{number}_{position}")
        for position, name in enumerate(node.output):
            node.output[position] = names.setdefault(name, f"{node.name}_{position}")
    for constant in graph.initializer:
        constant.name = names[constant.name]
    graph.initializer.sort(key=lambda constant: constant.name)
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"


def write_tflite(classifier: keras.Model, path: Path) -> None:
    """Write TensorFlow Lite's flat buffer."""
    classifier.export(path, format="litert", input_signature=_signature(classifier), verbose=False)


def write_tflite_int8(classifier: keras.Model, path: Path, training_images: Images) -> None:
    """Write a flat buffer with integer weights and activations.

    Casts at both ends keep its inputs and outputs those of the other formats. The ranges of its
    activations are those seen on `calibration_images`.
    """
    images = calibration_images(training_images)

    def calibration() -> Iterator[dict[str, Images]]:
        for index in range(len(images)):
            yield {"images": images[index : index + 1]}

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"[\s\S]*tf\.lite\.Interpreter is deprecated")
        classifier.export(
            path,
            format="litert",
            input_signature=_signature(classifier),
            verbose=False,
            optimizations=[tf.lite.Optimize.DEFAULT],
            representative_dataset=calibration,
        )


def calibration_images(training_images: Images) -> Images:
    """Return CALIBRATION_IMAGES images: training images, more at other levels, and random pixels.

    A network that normalises each image computes its deviation in integers too. Those of pale,
    bright and inverted images are out of range if none of them was seen.
    """
    random = np.random.default_rng(0)
    fifth = CALIBRATION_IMAGES // 5
    chosen = np.linspace(0, len(training_images) - 1, 4 * fifth).astype(int)
    images = np.asarray(training_images[chosen])
    noise = random.integers(0, 256, (fifth, *images.shape[1:]), dtype=np.uint8)
    others = np.concatenate([images[1::2], noise])
    return np.concatenate([images[::2], _at_other_levels(others, random)])


def _at_other_levels(images: Images, random: np.random.Generator) -> Images:
    """Return the images, half of them inverted, each with black and white at levels of its own."""
    shape = (len(images), *[1] * (images.ndim - 1))
    contrast = random.uniform(LEAST_CONTRAST, 1, shape)
    darkest = random.uniform(0, 1 - contrast)
    inverted = np.where(random.random(shape) < 0.5, 255 - images, images)
    return (255 * darkest + contrast * inverted).round().astype(np.uint8)


def writers(training_images: Images) -> dict[str, Callable[[keras.Model, Path], None]]:
    """Return how each format is written, by name."""
    return {
        "saved_model": write_saved_model,
        "onnx": write_onnx,
        "tflite": write_tflite,
        "tflite_int8": partial(write_tflite_int8, training_images=training_images),
    }
