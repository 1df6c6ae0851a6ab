"""The README's commands are ones that work, and the documents' figures those that were measured."""

import importlib
import json
import re

import pytest
import yaml

from conftest import ROOT, params_model


def test_every_parameter_that_the_readme_sets_is_valid() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = re.findall(r"-S (\w+)\.(\w+)=([\w.-]+)", text)
    assert ("train", "network", "tutorial") in settings
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for section, name, value in settings:
        assert name in params[section], f"{section}.{name}"
        params_model(section).model_validate({**params[section], name: yaml.safe_load(value)})


def test_the_exports_table_is_the_one_that_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    table = importlib.import_module("benchmarks.inference").table
    measured = json.loads((ROOT / "benchmarks/inference.json").read_text(encoding="utf-8"))
    assert table(measured) in (ROOT / "docs/exports.md").read_text(encoding="utf-8")
