"""The export stage: all formats or none, the same bytes from every process, a card that works."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import evaluate
import export
import robustness
from conftest import ROOT, Project
from exporting.formats import FORMATS, Run
from shared.console import StageError
from shared.dataset import Images


def files(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def set_minimum(figure: str, value: float) -> None:
    """Change export.minimum_… in the folder's params.yaml."""
    text = Path("params.yaml").read_text()
    text, changes = re.subn(rf"(minimum_{figure}:) [\d.]+", rf"\1 {value}", text)
    assert changes == 1
    Path("params.yaml").write_text(text)


@pytest.fixture
def evaluated(project: Project) -> Path:
    """A folder whose network is right on 54 of 60 images, and may be exported."""
    folder = project(wrong=6)
    set_minimum("accuracy", 0.9)
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
        "export/saved_model",
        "export/model.onnx",
        "export/model.tflite",
    ]
    assert files(evaluated / "export") == files(other / "export")
    assert (evaluated / export.METRICS).read_text() == (other / export.METRICS).read_text()

    metrics = json.loads(export.METRICS.read_text())
    for name in ("saved_model", "onnx", "tflite"):
        assert metrics[f"{name}_accuracy"] == 0.9
        assert metrics[f"{name}_agreement"] == 1
        assert metrics[f"{name}_largest_difference"] < 1e-5
        assert metrics[f"{name}_bytes"] > 0
    assert json.loads(export.LABELS.read_text()) == ["ant", "bee", "fly $1"]

    snippets = re.findall(r"```python\n(.*?)```", export.CARD.read_text(), re.DOTALL)
    assert len(snippets) == 3
    os.chdir("export")
    for snippet in snippets:
        exec(snippet, {})  # noqa: S102 (what a reader of the card would do)
    answers = capsys.readouterr().out.splitlines()
    assert len(answers) == 3
    assert len(set(answers)) == 1
    assert re.fullmatch(r"\['(ant|bee|fly \$1)', '\1'\]", answers[0])


def test_below_the_minimum_nothing_is_exported(evaluated: Path) -> None:
    set_minimum("accuracy", 0.95)
    with pytest.raises(
        StageError, match=r"evaluate\.json: test accuracy 90\.00% is below.*95\.00%.*nothing"
    ):
        export.main()
    assert not Path("export").exists()
    assert not export.METRICS.exists()


def test_a_model_that_corrupted_images_confuse_is_not_exported(evaluated: Path) -> None:
    set_minimum("robustness", 0.99)
    with pytest.raises(StageError, match=r"robustness\.json: accuracy on .* is below.*99\.00%"):
        export.main()
    assert not Path("export").exists()


def test_when_one_format_differs_none_is_exported(
    evaluated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = FORMATS["tflite"]

    def load_flawed(path: Path) -> Run:
        run = last.load(path)

        def flawed(images: Images) -> npt.ArrayLike:
            return np.asarray(run(images))[:, ::-1]

        return flawed

    monkeypatch.setitem(FORMATS, "tflite", last._replace(load=load_flawed))
    with pytest.raises(StageError, match=r"^export/model\.tflite: not exported"):
        export.main()
    assert list(Path("export").iterdir()) == []
    assert not export.METRICS.exists()


def test_an_export_without_an_evaluation_says_what_makes_it(project: Project) -> None:
    project()
    with pytest.raises(StageError, match=r"metrics/evaluate\.json: no such file; `dvc repro eval"):
        export.main()
