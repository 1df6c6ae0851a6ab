"""docs/datasets.md tells of every dataset in git."""

import re
import subprocess

from conftest import ROOT

PAGE = (ROOT / "docs/datasets.md").read_text(encoding="utf-8")


def test_every_dataset_is_on_the_page() -> None:
    listed = re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE)
    command = ["git", "ls-files", "datasets/*/entry.yaml"]
    entries = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert sorted(listed) == sorted(path.split("/")[1] for path in entries.split())
