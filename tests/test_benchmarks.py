import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import MNIST, ROOT

TABLES = {
    "choices": "notes/2026-11-training-choices",
    "inference": "exports",
    "layouts": "reference/layouts",
    "loops": "explanation/training-loop",
    "readers": "explanation/reading-tables",
}


@pytest.mark.parametrize(("benchmark", "page"), TABLES.items())
def test_a_page_s_table_is_of_the_figures_as_they_stand(benchmark: str, page: str) -> None:
    measured = json.loads((ROOT / f"benchmarks/{benchmark}.json").read_text(encoding="utf-8"))
    table = importlib.import_module(benchmark).table(measured)
    assert table in (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")


SCRIPTS = [
    path.relative_to(ROOT)
    for path in sorted([*ROOT.glob("tools/*.py"), *ROOT.glob("benchmarks/*.py")])
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
]


@pytest.mark.slow  # some import dvc
@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_a_script_s_help_has_an_example(script: Path, tmp_path: Path) -> None:
    """And needs neither TensorFlow nor the project's folder, nor a terminal that knows UTF-8."""
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('TensorFlow is imported')")
    told = subprocess.run(
        [sys.executable, ROOT / script, "--help"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "ascii"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert re.search(rf"^    .*python {script}", told, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_dir(), reason="no MNIST in MNIST_DIR")
def test_the_benchmark_of_a_gpu_runs_from_end_to_end(tmp_path: Path) -> None:
    """On the CPU, with few images and choices; nvidia-smi says what some GPUs' does."""
    nvidia_smi = tmp_path / "nvidia-smi"
    nvidia_smi.write_text("#!/bin/sh\necho '[N/A]'; echo 40; echo 60; exec sleep 60\n")
    nvidia_smi.chmod(0o755)
    figures = tmp_path / "gpu.json"
    program = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / "benchmarks")!r})
import gpu
from running.presets import Preset
gpu.FIGURES = Path({str(figures)!r})
gpu.NETWORKS, gpu.BATCH_SIZES, gpu.PRECISIONS = ("compact",), (8,), ("mixed_float16",)
gpu.IMAGES = 320
gpu.read_presets = lambda: {{
    "fast-99": Preset(what="", sets={{"train.width": 8, "train.steps": 30}}, reaches="")
}}
gpu.measure("CPU")
"""
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={**os.environ, **environment}, timeout=600
    )
    measured = json.loads(figures.read_text())
    assert measured["time_to_99"]["test_accuracy"] > 0.5
    throughput = measured["throughput"]
    assert [row["xla"] for row in throughput] == [True, False]
    assert all(row["images_a_second"] > 0 and row["utilisation"] == 50 for row in throughput)
