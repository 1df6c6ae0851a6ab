"""params.yaml, read a section at a time. Every stage declares its own parameters, in its script."""

import re
from collections.abc import Callable
from pathlib import Path
from reprlib import Repr
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from shared.console import ParameterError, StageError

PARAMS = Path("params.yaml")
_SHORT = Repr()  # where aliases stand for gigabytes
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxlong = 2, 200, 200


class Params(BaseModel):
    """The base of a stage's parameters: nothing unknown, nothing converted, nothing changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Model = TypeVar("Model", bound=BaseModel)


class _Constructor(SafeConstructor):
    """ruamel's own, which names the place of a value that is none: a 13th month, 5,000 digits."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
            if isinstance(value, int):
                str(value)  # of 5,000 hexadecimal digits fails
        except (ArithmeticError, LookupError, ValueError) as error:
            raise ConstructorError(None, None, f"{error}", node.start_mark) from None
        return value


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
    return read_nodes(path, lambda _: None)[0]


def read_nodes(path: Path, prepare: Callable[[Any], None]) -> tuple[Any, Any]:
    """Return what the YAML file holds, and its nodes, which know their lines.

    DVC has the same reader, so that a text means the same to both. `prepare` is given the nodes
    first, and may change them. Raises StageError for a missing file or broken YAML.
    """
    reader = YAML(typ="safe")
    reader.Constructor = _Constructor
    try:
        root = reader.compose(path.read_text(encoding="utf-8"))
        prepare(root)
        return root and reader.constructor.construct_document(root), root
    except FileNotFoundError:
        raise StageError(f"{path}: no such file; run from the project's folder") from None
    except UnicodeDecodeError as error:
        line = 1 + error.object[: error.start].count(b"\n")
        raise StageError(f"{path}:{line}: not UTF-8: {error.reason}") from None
    except RecursionError:
        raise StageError(f"{path}: not valid YAML: nested too deeply") from None
    except (AssertionError, TypeError) as error:  # YAML 1.3; a list within a list as a name
        raise StageError(f"{path}: not valid YAML: {error}") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise StageError(f"{path}:{mark.line + 1}: not valid YAML: {error.problem}") from None
    except YAMLError as error:
        raise StageError(f"{path}: not valid YAML: {' '.join(f'{error}'.split())}") from None


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
        raise ParameterError("\n".join(lines)) from None


def _complaint(detail: dict[str, Any]) -> str:
    if detail["type"] == "extra_forbidden":
        return "unknown name"
    if detail["type"] == "missing":
        return "missing"
    if detail["type"] == "value_error":  # a validator's of ours
        return str(detail["ctx"]["error"])
    said = re.sub(r"^Input (should be )?", "must be ", detail["msg"])
    cure = "; put it in quotes" if detail["type"] == "string_type" else ""
    return f"{said}, is {_SHORT.repr(detail['input'])}{cure}"
