"""docs/datasets.md tells of every dataset of the catalog."""

import re

from conftest import ROOT
from downloading.catalog import entry_names, load_entry
from downloading.forms.form import Form

CATALOG = ROOT / "datasets"


def test_every_dataset_is_on_the_page_but_a_person_s_own() -> None:
    page = (ROOT / "docs/datasets.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)
    entries = [load_entry(CATALOG, name) for name in entry_names(CATALOG)]
    assert sorted(listed) == [entry.name for entry in entries if not isinstance(entry.source, Form)]
