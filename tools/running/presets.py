"""Named sets of parameters: a file of presets/ each."""

from pathlib import Path
from typing import Any

from project import ROOT
from shared.params import Params, read_yaml, validate

FOLDER = ROOT / "presets"


class Preset(Params):
    """What it is for, the values that it sets, by section.name, and what it reaches."""

    what: str
    sets: dict[str, Any]
    reaches: str


def read_presets(folder: Path = FOLDER) -> dict[str, Preset]:
    """Return all presets by name. Raises StageError for one that is not of this form."""
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    return {name: _read(folder / f"{name}.yaml") for name in names}


def _read(path: Path) -> Preset:
    return validate(Preset, read_yaml(path), lambda at: ".".join([str(path), *at]))
