"""One version, wherever it stands."""

import re
import tomllib

import pytest
import yaml

from conftest import ROOT
from project import command_line

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_changelog_and_citation_have_the_project_s_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    newest = re.search(r"^## (\d\S*) - (\S+)$", changelog, re.MULTILINE)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert newest
    assert newest[1] == citation["version"] == VERSION
    assert newest[2] == citation["date-released"].isoformat()


def test_a_tool_tells_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line("About.").parse_args(["--version"])
    assert capsys.readouterr().out == f"{VERSION}\n"
