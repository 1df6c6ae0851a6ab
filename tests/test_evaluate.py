"""The evaluate stage on a network whose mistakes are known."""

import json
from pathlib import Path

import pandas as pd
import pytest

import evaluate
from conftest import Project
from shared.console import StageError
from shared.tf import keras
from training.calibration import with_temperature

OUTS = [
    evaluate.METRICS,
    evaluate.PREDICTIONS,
    evaluate.PER_CLASS,
    evaluate.CALIBRATION,
    evaluate.MISTAKES,
    evaluate.GALLERY,
]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("channels", [1, 3])
def test_metrics_and_tables_agree_with_the_known_mistakes(project: Project, channels: int) -> None:
    project(channels=channels, wrong=6)
    evaluate.main()
    metrics = json.loads(evaluate.METRICS.read_text())
    assert metrics["test_accuracy"] == 0.9
    assert 0 < metrics["test_accuracy_low"] < 0.9 < metrics["test_accuracy_high"] < 1
    rows = pd.read_csv(evaluate.PREDICTIONS)
    assert rows.columns.tolist() == ["row", "actual", "predicted", "confidence", "doubtful"]
    wrong = rows["row"][rows["actual"] != rows["predicted"]]
    assert wrong.tolist() == [f"{place}.png" for place in range(54, 60)]
    assert set(rows["actual"]) <= {"ant", "bee", "fly $1"}
    assert metrics["doubtful_labels"] == rows["doubtful"].sum() <= 6
    assert pd.read_csv(evaluate.PER_CLASS)["support"].sum() == 60
    assert pd.read_csv(evaluate.CALIBRATION)["count"].sum() == 60


def test_a_second_run_writes_the_same_bytes(project: Project) -> None:
    project()
    evaluate.main()
    first = [path.read_bytes() for path in OUTS]
    evaluate.main()
    assert [path.read_bytes() for path in OUTS] == first


def test_a_network_without_mistakes_is_evaluated_like_any_other(project: Project) -> None:
    project(wrong=0)
    evaluate.main()
    assert json.loads(evaluate.METRICS.read_text())["test_accuracy"] == 1
    assert evaluate.MISTAKES.exists()


def test_the_last_line_is_the_accuracy_with_its_interval(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project()
    with caplog.at_level("INFO", "stage"):
        evaluate.main()
    [line] = caplog.messages
    assert line.startswith("test accuracy 90.00% (95 % interval 79.85% to 95.34%) on 60 images; ")
    assert line.endswith("the most frequent class: 73.33%; mean recall of the classes: 55.56%")


def test_the_calibration_error_is_told_with_and_without_the_temperature(project: Project) -> None:
    project()
    evaluate.main()
    plain = json.loads(evaluate.METRICS.read_text())
    assert plain["uncalibrated_calibration_error"] == plain["expected_calibration_error"]
    model = keras.models.load_model(evaluate.MODEL, compile=False)
    with_temperature(model, 0.05).save(evaluate.MODEL)
    evaluate.main()
    sharper = json.loads(evaluate.METRICS.read_text())
    assert sharper["test_accuracy"] == plain["test_accuracy"]
    assert sharper["uncalibrated_calibration_error"] == plain["uncalibrated_calibration_error"]
    assert (plain["temperature"], sharper["temperature"]) == (1, 0.05)
    assert sharper["expected_calibration_error"] != plain["expected_calibration_error"]


def test_other_classes_are_refused_by_name(project: Project) -> None:
    project()
    edit(evaluate.DATASET, '"2": "bee", ', "")
    with pytest.raises(StageError, match=r"model\.keras: tells 3 classes apart, but insects has 2"):
        evaluate.main()
    assert not any(path.exists() for path in OUTS)


@pytest.mark.parametrize("content", [b"", b"row\n1\n", b"rows\n" + b"1\n" * 60, b"\xff"])
def test_damaged_names_of_rows_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.csv").write_bytes(content)
    with pytest.raises(StageError, match=r"rows\.csv: not what the preprocess stage writes"):
        evaluate.row_names(tmp_path / "rows.csv", 60)


def test_a_parameter_out_of_range_is_refused_by_name(project: Project) -> None:
    project()
    edit(Path("params.yaml"), "calibration_bins: 10", "calibration_bins: 1")
    with pytest.raises(StageError, match=r"params\.yaml: evaluate\.calibration_bins: "):
        evaluate.main()
