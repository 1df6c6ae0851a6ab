import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

MNIST = Path(os.environ.get("MNIST_DIR", ROOT / "../shared/data/mnist"))


@pytest.mark.parametrize(
    ("benchmark", "page"),
    [("training", "explanation/training-loop"), ("choices", "notes/2026-11-training-choices")],
)
def test_a_page_s_table_is_of_the_figures_as_they_stand(benchmark: str, page: str) -> None:
    table = runpy.run_path(str(ROOT / "benchmarks/tables.py"))[f"of_{benchmark}"]
    measured = json.loads((ROOT / f"benchmarks/{benchmark}.json").read_text(encoding="utf-8"))
    assert table(measured) in (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")


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
gpu.choose = lambda device: ("CPU", device)
gpu.FIGURES = Path({str(figures)!r})
gpu.NETWORKS, gpu.BATCH_SIZES, gpu.PRECISIONS = ("compact",), (8,), ("mixed_float16",)
gpu.IMAGES = 320
gpu.read_presets = lambda: {{
    "fast-99": Preset(what="", sets={{"train.width": 8, "train.steps": 30}}, reaches="")
}}
gpu.main()
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
