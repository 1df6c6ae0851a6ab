"""params.yaml, read a section at a time. Every stage declares its own parameters, in its script."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.console import StageError

PARAMS = Path("params.yaml")

# YAML 1.2's floats. PyYAML follows 1.1, in which `1e-05` (what DVC writes for 0.00001) is a string.
_FLOAT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class Params(BaseModel):
    """The base of a stage's parameters: nothing unknown, nothing converted, nothing changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Model = TypeVar("Model", bound=BaseModel)


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's floats."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(f"^(?:{_FLOAT.pattern})$"), list("-+.0123456789")
)


def load(model: type[Model], section: str, path: Path = PARAMS) -> Model:
    """Return `section` of the parameter file as a `model`.

    Raises StageError, naming file and parameter, for a missing file or section, broken YAML, and
    unknown, missing, ill-typed or out-of-range values.
    """
    content = read_yaml(path)
    if not isinstance(content, dict) or section not in content:
        raise StageError(f"{path}: has no section `{section}`")
    return validate(model, content[section] or {}, lambda at: ".".join([f"{path}: {section}", *at]))


def read_yaml(path: Path) -> Any:
    """Return what the YAML file holds. Raises StageError for a missing file or broken YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 (a safe loader)
    except FileNotFoundError:
        raise StageError(f"{path}: no such file; run from the project's folder") from None
    except yaml.YAMLError as error:
        raise StageError(f"{path}: not valid YAML: {error}") from None


def validate(model: type[Model], content: Any, place: Callable[[list[str]], str]) -> Model:
    """Return `content` as a `model`; every complaint of pydantic's becomes a line.

    The line starts with the `place` of what is complained of, given the keys that lead there.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [
            f"{place([str(key) for key in detail['loc']])}: {_complaint(dict(detail))}"
            for detail in error.errors()
        ]
        raise StageError("\n".join(lines)) from None


def _complaint(detail: dict[str, Any]) -> str:
    if detail["type"] == "extra_forbidden":
        return "unknown name"
    if detail["type"] == "missing":
        return "missing"
    if detail["type"] == "value_error":  # a validator's of ours
        return str(detail["ctx"]["error"])
    said = re.sub(r"^Input (should be )?", "must be ", detail["msg"])
    return f"{said}, is {detail['input']!r}"
