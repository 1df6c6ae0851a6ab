"""Named sets of parameters: a file of presets/ each."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from project import ROOT
from shared.params import read_yaml, validate

FOLDER = ROOT / "presets"


class Preset(BaseModel):
    """What it is for, the values that it sets, by section.name, and what it reaches."""

    model_config = ConfigDict(extra="forbid")

    what: str
    sets: dict[str, Any]
    reaches: str


def read_presets(folder: Path = FOLDER) -> dict[str, Preset]:
    """Return all presets by name. Raises StageError for one that is not of this form."""
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    return {name: _read(folder / f"{name}.yaml") for name in names}


def _read(path: Path) -> Preset:
    return validate(Preset, read_yaml(path), lambda at: ".".join([str(path), *at]))
