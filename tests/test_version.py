"""One version, wherever it stands."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from conftest import ROOT
from running.command import command_line

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


@pytest.mark.parametrize("path", sorted(ROOT.glob("tools/*.py")), ids=lambda path: path.stem)
def test_a_tool_s_help_has_an_example(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert f"    python tools/{path.name}" in (ast.get_docstring(tree) or "")
    assert "command_line(__doc__)" in ast.unparse(tree)
