"""The export stage: all formats or none, the same bytes from every process, a card that works."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import evaluate
import export
import robustness
from conftest import ROOT, Project
from exporting.calls import CALLS, call_outside
from exporting.formats import write_tflite, writers
from shared.console import StageError
from shared.dataset import open_split
from shared.tf import keras, tf

CARD = Path("export/MODEL_CARD.md")


def files(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def set_param(name: str, value: str) -> None:
    """Change a parameter of the export stage in the folder's params.yaml."""
    text = Path("params.yaml").read_text()
    text, changes = re.subn(rf"( {name}:) ([\d.]+|\[.*])", rf"\1 {value}", text)
    assert changes == 1
    Path("params.yaml").write_text(text)


def calls_in_the_card() -> list[str]:
    return re.findall(r"```python\n(.*?)```", CARD.read_text(), re.DOTALL)


@pytest.fixture
def evaluated(project: Project) -> Path:
    """A folder whose network is right on 54 of 60 images, and may be exported."""
    folder = project(wrong=6)
    set_param("minimum_accuracy", "0.9")
    set_param("minimum_balanced_accuracy", "0.5")
    evaluate.main()
    robustness.main()
    return folder


def test_two_processes_export_the_same_bytes_and_a_card_that_works(
    evaluated: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path_factory.mktemp("other") / "copy"
    shutil.copytree(evaluated, other)
    runs = [
        subprocess.Popen(
            [sys.executable, ROOT / "stages/export.py"],
            cwd=folder,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for seed, folder in enumerate((evaluated, other))
    ]
    said = [run.communicate()[0].splitlines() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert [line.split(":")[0] for line in said[0]] == [
        f"export/{call.file}" for call in CALLS.values()
    ]
    assert files(evaluated / "export") == files(other / "export")
    assert (evaluated / export.METRICS).read_text() == (other / export.METRICS).read_text()

    metrics = json.loads(export.METRICS.read_text())
    for name in ("saved_model", "onnx", "tflite"):
        assert metrics[f"{name}_accuracy"] == 0.9
        assert metrics[f"{name}_agreement"] == 1
        assert metrics[f"{name}_largest_difference"] < 1e-5
        assert metrics[f"{name}_bytes"] > 0
    assert metrics["tflite_int8_agreement"] > 0.9
    assert 0.001 < metrics["tflite_int8_mean_difference"] < 0.02
    assert json.loads(Path("export/labels.json").read_text()) == ["ant", "bee", "fly $1"]

    calls = calls_in_the_card()
    assert len(calls) == len(CALLS)
    images = open_split(export.TEST).images
    model = keras.models.load_model(export.MODEL, compile=False)
    expected = tf.nn.softmax(model(images[:]))
    for call in calls:
        found = call_outside(call, export.EXPORT, images)
        np.testing.assert_allclose(found, expected, atol=0.05 if "int8" in call else 1e-5)
    os.chdir(export.EXPORT)
    for call in calls:
        exec(call, {})  # noqa: S102 (as it stands, on its own two images)
    answers = capsys.readouterr().out.splitlines()
    assert len(answers) == len(CALLS)
    assert len(set(answers)) == 1
    assert re.fullmatch(r"\['(ant|bee|fly \$1)', '\1'\]", answers[0])


def test_only_the_chosen_formats_are_exported(evaluated: Path) -> None:
    set_param("formats", "[tflite]")
    export.main()
    exported = {path.name for path in export.EXPORT.iterdir()}
    assert exported == {"MODEL_CARD.md", "labels.json", "model.tflite"}
    assert len(calls_in_the_card()) == 1
    assert "predict.py" not in CARD.read_text()
    figures = json.loads(export.METRICS.read_text())
    assert {name.split("_")[0] for name in figures} == {"tflite"}

    set_param("formats", "[onnx]")
    export.main()
    assert {path.name for path in export.EXPORT.iterdir()} == {
        "MODEL_CARD.md",
        "dataset.json",
        "labels.json",
        "model.onnx",
        "predict.py",
        "predicting",
    }
    assert "python predict.py" in CARD.read_text()


@pytest.mark.parametrize("formats", ["[]", "[onnx, caffe]"])
def test_no_format_or_an_unknown_one_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formats: str
) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    set_param("formats", formats)
    with pytest.raises(StageError, match=r"params\.yaml: export\.formats"):
        export.main()


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("minimum_accuracy", r"evaluate\.json: test accuracy 90\.00% is below .*nothing"),
        (
            "minimum_balanced_accuracy",
            r"evaluate\.json: balanced accuracy 55.* is below .*nothing",
        ),
        ("minimum_robustness", r"robustness\.json: accuracy on .* is below .*nothing"),
    ],
)
def test_below_a_minimum_nothing_is_exported(evaluated: Path, gate: str, said: str) -> None:
    set_param(gate, "0.99")
    with pytest.raises(StageError, match=said):
        export.main()
    assert not Path("export").exists()
    assert not export.METRICS.exists()


@pytest.mark.parametrize("content", ["", '{"fit": "squeeze"}', "[]"])
def test_a_damaged_reading_is_refused_by_name(evaluated: Path, content: str) -> None:
    export.READING.write_text(content)
    with pytest.raises(StageError, match=r"reading\.json: not what the download stage writes"):
        export.main()


def test_when_one_format_differs_none_is_exported(
    evaluated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_flawed(classifier: keras.Model, path: Path) -> None:
        mirrored = classifier.output["probabilities"][:, ::-1]
        write_tflite(keras.Model(classifier.input, {"probabilities": mirrored}), path)

    monkeypatch.setattr(
        export, "writers", lambda images: writers(images) | {"tflite": write_flawed}
    )
    set_param("formats", "[tflite, onnx]")
    with pytest.raises(StageError, match=r"^export/model\.tflite: not exported"):
        export.main()
    assert not Path("export").exists()
    assert not export.METRICS.exists()


def test_an_export_without_an_evaluation_says_what_makes_it(project: Project) -> None:
    project()
    with pytest.raises(StageError, match=r"metrics/evaluate\.json: no such file; `dvc repro eval"):
        export.main()
