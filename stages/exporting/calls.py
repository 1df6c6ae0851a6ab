"""How each format is called: the text that the model card shows is the text that is checked."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from string import Template
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.console import StageError
from shared.dataset import Images, ImageShape
from shared.files import naming

REPOSITORY = Path(__file__).resolve().parents[2]
Probabilities = npt.NDArray[np.float32]
FormatName = Literal["saved_model", "onnx", "tflite", "tflite_int8"]


class Call(NamedTuple):
    """What is exported under which name, and the lines of Python that are this format's own."""

    title: str
    file: str
    imports: str
    model: str
    probabilities: str


_LITERT = "from ai_edge_litert.interpreter import Interpreter"
CALLS: dict[FormatName, Call] = {
    "saved_model": Call(
        "SavedModel, with TensorFlow (`pip install tensorflow`)",
        "saved_model",
        "import tensorflow as tf",
        'tf.saved_model.load("saved_model")',
        'model.serve(images)["probabilities"].numpy()',
    ),
    "onnx": Call(
        "ONNX, with ONNX Runtime (`pip install onnxruntime`)",
        "model.onnx",
        "import onnxruntime",
        'onnxruntime.InferenceSession("model.onnx")',
        'model.run(["probabilities"], {"images": images})[0]',
    ),
    "tflite": Call(
        "TensorFlow Lite, with LiteRT (`pip install ai-edge-litert`)",
        "model.tflite",
        _LITERT,
        'Interpreter("model.tflite").get_signature_runner()',
        'model(images=images)["probabilities"]',
    ),
    "tflite_int8": Call(
        "The same in integers: a quarter of the size, probabilities in steps of 1/256",
        "model_int8.tflite",
        _LITERT,
        'Interpreter("model_int8.tflite").get_signature_runner()',
        'model(images=images)["probabilities"]',
    ),
}

_CALL = Template("""\
import json
import numpy as np
$imports

labels = json.load(open("labels.json", encoding="utf-8"))
model = $model
images = np.zeros((2, $shape), np.uint8)  # your images here, any number
probabilities = $probabilities
print([labels[index] for index in probabilities.argmax(axis=1)])
""")

# Runs a call on given images. In batches: 10,000 images at once take more than a gigabyte.
_OUTSIDE = """\
import sys
import numpy as np

sys.modules["keras"] = None  # whoever imports it fails
call, given, answers = sys.argv[1:]
code = compile(call, "MODEL_CARD.md", "exec")
images = np.load(given, mmap_mode="r")
found = []
for start in range(0, len(images), 1000):
    names = {"images": np.asarray(images[start : start + 1000])}
    exec(code, names)
    found.append(names["probabilities"])
np.save(answers, np.concatenate(found))
"""


def call_text(name: FormatName, image: ImageShape) -> str:
    """Return Python that calls an exported model from the folder in which it lies."""
    shape = f"{image.height}, {image.width}, {image.channels}"
    return _CALL.substitute(CALLS[name]._asdict(), shape=shape)


def call_outside(call: str, folder: Path, images: Images) -> Probabilities:
    """Return the probabilities [N, K] that a call gives for `images`, in a process of its own.

    It can import neither Keras nor this repository. Raises StageError where it fails.
    """
    code, lines = re.subn(r"^images = .*\n", "", call, flags=re.MULTILINE)
    if lines != 1:
        raise ValueError(f"{lines} lines that name the images")
    with tempfile.TemporaryDirectory() as scratch:
        given, answers = Path(scratch, "images.npy"), Path(scratch, "answers.npy")
        with naming(given):
            np.save(given, images)
        done = subprocess.run(  # noqa: S603 (it runs our own text)
            [sys.executable, "-P", "-c", _OUTSIDE, code, str(given), str(answers)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(_path_without_this_repository())},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StageError(
                "nothing is exported, since a call that the model card documents fails; `pip "
                "install -r requirements.txt` brings the runtimes that this project is tested "
                f"with:\n{call}\n{done.stderr.strip()}"
            )
        probabilities: Probabilities = np.load(answers)
    return probabilities


def _path_without_this_repository() -> list[str]:
    """Return the folders of PYTHONPATH, where the runtimes may be, but none of ours."""
    entries = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    folders = (Path(entry).resolve() for entry in entries)
    return [str(path) for path in folders if not path.is_relative_to(REPOSITORY)]
