"""The robustness stage on a small network."""

import json

import numpy as np
import pandas as pd
import pytest

import robustness
from conftest import Project
from corrupting.corruptions import CORRUPTIONS
from corrupting.unseen import UNSEEN


def test_each_corruption_is_measured_and_the_metric_is_their_mean(project: Project) -> None:
    project(channels=3)
    robustness.main()
    rows = pd.read_csv(robustness.TABLE)
    seen = [(name, level, False) for name in CORRUPTIONS for level in (1, 2, 3)]
    unseen = [(name, 1, True) for name in UNSEEN]
    named = zip(rows["corruption"], rows["level"], rows["unseen"], strict=True)
    assert list(named) == seen + unseen
    assert rows["accuracy"].between(0, 1).all()
    assert rows["accuracy"].nunique() > 3
    metrics = json.loads(robustness.METRICS.read_text())
    assert metrics == {
        "corrupted_test_accuracy": pytest.approx(rows["accuracy"][:24].mean(), abs=1e-6),
        "unseen_corrupted_test_accuracy": pytest.approx(rows["accuracy"][24:].mean(), abs=1e-6),
    }


def test_a_second_run_writes_the_same_bytes_and_another_seed_others(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project()
    tables = []
    for seed in (0, 0, 1):
        text = (folder / "params.yaml").read_text()
        changed = text.replace("robustness:\n  seed: 0", f"robustness:\n  seed: {seed}")
        (folder / "params.yaml").write_text(changed)
        robustness.main()
        tables.append(robustness.TABLE.read_bytes())
    assert tables[0] == tables[1] != tables[2]


def test_a_corruption_that_changes_nothing_leaves_the_accuracy_as_it_is(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(wrong=6)
    identity = CORRUPTIONS["contrast"]._replace(strengths=(0, 0, 0))
    monkeypatch.setattr(robustness, "CORRUPTIONS", {"nothing": identity})
    monkeypatch.setattr(robustness, "UNSEEN", {"nothing else": identity})
    robustness.main()
    np.testing.assert_allclose(pd.read_csv(robustness.TABLE)["accuracy"], 0.9)
