import json
import runpy

import pytest

from conftest import ROOT


@pytest.mark.parametrize(("figures", "part"), [("training", "loops"), ("choices", "accuracies")])
def test_the_documentation_s_tables_are_of_the_figures_as_they_stand(
    figures: str, part: str
) -> None:
    path = ROOT / f"benchmarks/{figures}.json"
    if not path.exists():
        pytest.skip("not measured yet")
    table = runpy.run_path(str(ROOT / "benchmarks/tables.py"))[f"of_{figures}"]
    measured = json.loads(path.read_text(encoding="utf-8"))[part]
    assert table(measured) in (ROOT / "docs/training.md").read_text(encoding="utf-8")
