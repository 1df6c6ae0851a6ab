"""The README's commands are ones that work."""

import importlib
import re
from pathlib import Path

import yaml

from shared.params import Params

ROOT = Path(__file__).parent.parent


def test_every_parameter_that_the_readme_sets_is_valid() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = re.findall(r"-S (\w+)\.(\w+)=([\w.-]+)", text)
    assert ("train", "network", "tutorial") in settings
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for section, name, value in settings:
        assert name in params[section], f"{section}.{name}"
        models = [
            model
            for model in vars(importlib.import_module(section)).values()
            if isinstance(model, type) and issubclass(model, Params) and model is not Params
        ]
        models[0].model_validate({**params[section], name: yaml.safe_load(value)})
