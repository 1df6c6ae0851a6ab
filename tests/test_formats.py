"""Every format computes what Keras does, in its own runtime, for any number of images."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter

from conftest import Project
from exporting.calls import CALLS, FormatName, Probabilities, call_text
from exporting.formats import with_probabilities, writers
from exporting.parity import blank_images
from shared.classifier import load_classifier
from shared.dataset import Images, ImageShape, Split, load_dataset, open_split
from shared.tf import keras, tf
from training.network import Choices, build


def write(name: FormatName, classifier: keras.Model) -> Path:
    """Write the format where its call looks for it."""
    path = Path(CALLS[name].file)
    writers(open_split(Path("data/prepared/train.npz")).images)[name](classifier, path)
    return path


def answers(name: FormatName, images: Images) -> Probabilities:
    """What the format's call, run here, gives for the images."""
    Path("labels.json").write_text('["a", "b", "c"]')
    _, height, width, channels = images.shape
    call = call_text(
        name, ImageShape.model_construct(height=height, width=width, channels=channels)
    )
    zeros = next(line for line in call.splitlines() if line.startswith("images = "))
    names = {"given": images}
    exec(call.replace(zeros, "images = given"), names)  # noqa: S102 (what the card documents)
    return np.asarray(names["probabilities"])


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
@pytest.mark.parametrize("name", CALLS)
def test_a_format_gives_keras_probabilities_for_batches_of_any_size(
    classifier: keras.Model, name: FormatName
) -> None:
    tolerance = 0.05 if name == "tflite_int8" else 1e-5
    write(name, classifier)
    for size in (1, 60, 7):
        images = np.random.default_rng(size).integers(
            0, 256, (size, *classifier.input_shape[1:]), dtype=np.uint8
        )
        found = answers(name, images)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, classifier(images)["probabilities"], atol=tolerance)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=tolerance)


def test_the_integer_format_computes_in_integers(classifier: keras.Model) -> None:
    interpreter = Interpreter(str(write("tflite_int8", classifier)))
    interpreter.allocate_tensors()
    kinds = {tensor["index"]: tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    computing = [
        operation
        for operation in interpreter._get_ops_details()
        if operation["op_name"] in {"CONV_2D", "FULLY_CONNECTED", "SOFTMAX"}
    ]
    assert len(computing) == 3
    for operation in computing:
        tensors = [*operation["inputs"][:2], *operation["outputs"]]
        assert {kinds[index] for index in tensors} == {np.int8}


def test_integers_keep_to_keras_on_pale_inverted_and_blank_images(
    bars: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What normalising them computes is out of the training images' range."""
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    image = ImageShape(height=12, width=12, channels=1)
    model = build("compact", image, 3, Choices(8, "same", "max", "relu", 0.0))
    classifier = with_probabilities(model)
    path = Path(CALLS["tflite_int8"].file)
    writers(bars.images)["tflite_int8"](classifier, path)
    pale = (200 + 0.1 * bars.images.astype(float)).round().astype(np.uint8)
    for images in (pale, 255 - pale, blank_images(bars.images)):
        expected = classifier(images)["probabilities"]
        difference = np.abs(answers("tflite_int8", images) - expected).max(axis=1)
        assert difference.mean() < 0.05


def test_inputs_and_outputs_have_the_same_names_everywhere(classifier: keras.Model) -> None:
    loaded = tf.saved_model.load(str(write("saved_model", classifier)))
    signature = loaded.signatures["serving_default"]
    assert set(signature.structured_input_signature[1]) == {"images"}
    assert set(signature.structured_outputs) == {"probabilities"}

    for name in ("tflite", "tflite_int8"):
        assert Interpreter(str(write(name, classifier))).get_signature_list() == {
            "serving_default": {"inputs": ["images"], "outputs": ["probabilities"]}
        }

    session = onnxruntime.InferenceSession(write("onnx", classifier))
    assert [(i.name, i.shape) for i in session.get_inputs()] == [("images", ["batch", 8, 9, 1])]
    assert [(o.name, o.shape) for o in session.get_outputs()] == [("probabilities", ["batch", 3])]


def test_a_lite_or_onnx_file_does_not_depend_on_what_was_exported_before(
    classifier: keras.Model,
) -> None:
    for name in ("onnx", "tflite", "tflite_int8"):
        assert write(name, classifier).read_bytes() == write(name, classifier).read_bytes()


def test_onnx_is_valid_and_its_inner_names_tell_places(classifier: keras.Model) -> None:
    model = onnx.load(write("onnx", classifier))
    onnx.checker.check_model(model, full_check=True)
    nodes = model.graph.node
    assert [node.name for node in nodes] == [f"{node.op_type}_{i}" for i, node in enumerate(nodes)]
    assert all(constant.name.startswith("constant_") for constant in model.graph.initializer)
