"""Every format computes what Keras does, in its own runtime, for any number of images."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter

from conftest import Project
from exporting.formats import FORMATS, with_probabilities
from shared.classifier import load_classifier
from shared.dataset import load_dataset, open_split
from shared.tf import keras, tf


@pytest.fixture
def classifier(project: Project, request: pytest.FixtureRequest) -> keras.Model:
    channels, precision = getattr(request, "param", (1, "float32"))
    project(channels=channels, precision=precision)
    images = open_split(Path("data/prepared/test.npz")).images
    dataset = load_dataset(Path("data/raw/dataset.json"))
    return with_probabilities(load_classifier(Path("models/model.keras"), images, dataset))


def test_probabilities_are_the_softmax_of_the_logits(project: Project) -> None:
    project()
    images = open_split(Path("data/prepared/test.npz")).images
    model = keras.models.load_model("models/model.keras", compile=False)
    probabilities = with_probabilities(model)(images[:])["probabilities"]
    np.testing.assert_allclose(probabilities, tf.nn.softmax(model(images[:])), atol=1e-6)


@pytest.mark.parametrize(
    "classifier", [(1, "float32"), (3, "mixed_bfloat16"), (1, "mixed_float16")], indirect=True
)
@pytest.mark.parametrize("name", FORMATS)
def test_a_format_gives_keras_probabilities_for_batches_of_any_size(
    classifier: keras.Model, name: str, tmp_path: Path
) -> None:
    path = tmp_path / {"saved_model": "model", "onnx": "model.onnx", "tflite": "model.tflite"}[name]
    FORMATS[name].write(classifier, path)
    run = FORMATS[name].load(path)
    for size in (1, 60, 7):
        images = np.random.default_rng(size).integers(
            0, 256, (size, *classifier.input_shape[1:]), dtype=np.uint8
        )
        found = np.asarray(run(images))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, classifier(images)["probabilities"], atol=1e-5)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_inputs_and_outputs_have_the_same_names_everywhere(
    classifier: keras.Model, tmp_path: Path
) -> None:
    FORMATS["saved_model"].write(classifier, tmp_path / "model")
    signature = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    assert set(signature.structured_input_signature[1]) == {"images"}
    assert set(signature.structured_outputs) == {"probabilities"}

    FORMATS["tflite"].write(classifier, tmp_path / "model.tflite")
    signatures = Interpreter(str(tmp_path / "model.tflite")).get_signature_list()
    assert signatures == {"serving_default": {"inputs": ["images"], "outputs": ["probabilities"]}}

    FORMATS["onnx"].write(classifier, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert [(i.name, i.shape) for i in session.get_inputs()] == [("images", ["batch", 8, 9, 1])]
    assert [(o.name, o.shape) for o in session.get_outputs()] == [("probabilities", ["batch", 3])]


def test_onnx_is_valid_and_its_inner_names_tell_places(
    classifier: keras.Model, tmp_path: Path
) -> None:
    FORMATS["onnx"].write(classifier, tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    nodes = model.graph.node
    assert [node.name for node in nodes] == [f"{node.op_type}_{i}" for i, node in enumerate(nodes)]
    assert all(constant.name.startswith("constant_") for constant in model.graph.initializer)
