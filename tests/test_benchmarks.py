import json
import runpy

import pytest

from conftest import ROOT


@pytest.mark.parametrize("benchmark", ["training", "choices"])
def test_the_documentation_s_tables_are_of_the_figures_as_they_stand(benchmark: str) -> None:
    table = runpy.run_path(str(ROOT / "benchmarks/tables.py"))[f"of_{benchmark}"]
    measured = json.loads((ROOT / f"benchmarks/{benchmark}.json").read_text(encoding="utf-8"))
    assert table(measured) in (ROOT / "docs/training.md").read_text(encoding="utf-8")
