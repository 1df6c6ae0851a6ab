import subprocess
import sys
from pathlib import Path

import pytest

STAGES = Path(__file__).parent.parent / "stages"


@pytest.mark.slow
def test_what_keras_does_not_need_is_neither_imported_nor_lost() -> None:
    script = """
import pandas
from shared.tf import keras
import sys
print(sorted({"matplotlib", "pandas", "sklearn"} & sys.modules.keys()))
import matplotlib.pyplot, sklearn.metrics
print(sys.modules["pandas"] is pandas)
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=STAGES, check=True, text=True, capture_output=True
    )
    assert run.stdout.splitlines() == ["['pandas']", "True"]
