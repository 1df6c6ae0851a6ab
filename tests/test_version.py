"""One version, wherever it stands."""

import re
import tomllib

import yaml

from conftest import ROOT


def test_changelog_and_citation_have_the_project_s_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    newest = re.search(r"^## (\d\S*) - (\S+)$", changelog, re.MULTILINE)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert newest
    assert newest[1] == citation["version"] == version
    assert newest[2] == citation["date-released"].isoformat()
