"""The formats that a classifier is exported in, and their own runtimes to run them again.

All take `images`, uint8 [N, height, width, channels] for any N, and give `probabilities`, float32
[N, K]; all come out as the same bytes each time.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy.typing as npt
import onnx
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

from shared.dataset import Images
from shared.tf import keras, tf

Run = Callable[[Images], npt.ArrayLike]


class Format(NamedTuple):
    """How to write a classifier to a path, and how to load what was written."""

    write: Callable[[keras.Model, Path], None]
    load: Callable[[Path], Run]


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


def load_saved_model(path: Path) -> Run:
    """Load it with TensorFlow."""
    loaded = tf.saved_model.load(str(path))
    return lambda images: loaded.serve(images)["probabilities"]


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
    run to run.
    """
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


def load_onnx(path: Path) -> Run:
    """Load it with ONNX Runtime."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images: session.run(["probabilities"], {"images": images})[0]


def write_tflite(classifier: keras.Model, path: Path) -> None:
    """Write TensorFlow Lite's flat buffer."""
    classifier.export(path, format="litert", input_signature=_signature(classifier), verbose=False)


def load_tflite(path: Path) -> Run:
    """Load it with LiteRT."""
    runner = Interpreter(str(path)).get_signature_runner("serving_default")
    return lambda images: runner(images=images)["probabilities"]


FORMATS = {
    "saved_model": Format(write_saved_model, load_saved_model),
    "onnx": Format(write_onnx, load_onnx),
    "tflite": Format(write_tflite, load_tflite),
}
