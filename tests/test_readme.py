"""The README's commands are ones that work, and the documents' figures those that were measured."""

import importlib
import json
import re

import pytest
import yaml

from conftest import ROOT, params_model


def test_every_parameter_and_preset_that_the_readme_names_is_valid() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = re.findall(r"-S (\w+)\.(\w+)=([\w.-]+)", text)
    assert ("train", "steps", "4000") in settings
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for section, name, value in settings:
        assert name in params[section], f"{section}.{name}"
        params_model(section).model_validate({**params[section], name: yaml.safe_load(value)})
    presets = {path.stem for path in ROOT.glob("presets/*.yaml")}
    assert set(re.findall(r"PRESET=([\w-]+)", text)) < presets
    assert presets == set(re.findall(r"`([\w-]+)`", text)) & presets


@pytest.mark.parametrize(
    ("name", "page"), [("inference", "exports"), ("preprocess", "explanation/reading-tables")]
)
def test_a_page_s_table_is_the_one_that_was_measured(
    name: str, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    table = importlib.import_module(f"benchmarks.{name}").table
    measured = json.loads((ROOT / f"benchmarks/{name}.json").read_text(encoding="utf-8"))
    assert table(measured) in (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")


def test_integers_are_within_a_tenth_of_a_point_and_a_third_of_the_bytes() -> None:
    speed, accuracy = (
        json.loads((ROOT / f"benchmarks/{name}.json").read_text(encoding="utf-8"))
        for name in ("inference", "generalization")
    )
    size = {name: figures["bytes"] for name, figures in speed["figures"].items()}
    assert 3 * size["tflite_int8"] <= size["tflite"]
    right = {name: round(share * accuracy["images"]) for name, share in accuracy["exports"].items()}
    assert abs(right["tflite_int8"] - right["tflite"]) <= 0.001 * accuracy["images"]
    text = " ".join((ROOT / "docs/exports.md").read_text(encoding="utf-8").split())
    shares = (accuracy["accuracy"], accuracy["exports"]["tflite_int8"])
    assert "right on {:.2%}, in integers on {:.2%}".format(*shares) in text.replace(" %", "%")
