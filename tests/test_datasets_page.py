"""docs/datasets.md is followed to the letter, from a table at Kaggle to a trained model."""

import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from checkout import Project, working_tree
from conftest import ROOT

PAGE = (ROOT / "docs/datasets.md").read_text(encoding="utf-8")
TITLE = "## Your own table, in five minutes"
KAGGLE = """\
#!/bin/sh
# Stands for Kaggle's program, whose last argument is a folder.
for folder; do :; done
mkdir -p "$folder" && cp "$(dirname "$0")/digit-recognizer.zip" "$folder"
"""


def blocks() -> list[str]:
    """The section's commands, and the file that it has its reader write."""
    section = PAGE.partition(TITLE)[2].partition("\n## ")[0]
    return re.findall(r"^```(?:sh|yaml)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def write_table(path: Path, rows: int) -> None:
    """A table like the competition's: a square whose place tells the digit, in noise."""
    random = np.random.default_rng(0)
    labels = np.arange(rows) % 10
    images = random.integers(0, 60, (rows, 28, 28))
    for image, label in zip(images, labels, strict=True):
        down, right = 1 + 9 * (label // 4), 1 + 7 * (label % 4)
        image[down : down + 5, right : right + 5] += 190
    header = ",".join(["label", *(f"pixel{index}" for index in range(784))])
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("train.csv", "w") as table,
    ):
        values = np.column_stack([labels, images.reshape(rows, -1)])
        np.savetxt(table, values, fmt="%d", delimiter=",", header=header, comments="")


@pytest.fixture
def newcomer(tmp_path: Path) -> Project:
    """A fresh clone, set up, with a program `kaggle` and a home of its own."""
    home, programs, folder = tmp_path / "home", tmp_path / "bin", tmp_path / "project"
    for path in (home, programs, folder / ".venv"):
        path.mkdir(parents=True)
    write_table(programs / "digit-recognizer.zip", 3000)
    (programs / "kaggle").write_text(KAGGLE)
    (programs / "kaggle").chmod(0o755)
    project = working_tree(folder)
    for part in Path(sys.prefix).iterdir():
        if part.suffix != ".done":
            (folder / ".venv" / part.name).symlink_to(part)
    for name in ("requirements.txt", "requirements-gpu.txt"):
        (folder / f".venv/{name}.done").touch()
    project.environment |= {
        "HOME": str(home),
        "PATH": f"{programs}:{project.environment['PATH']}",
    }
    # Half as many, and integers and floats see different digits in images of random pixels.
    project.set("train", steps=120, eval_every=60, width=8)
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "clone")
    return project


def test_the_page_leads_from_a_table_to_a_model(newcomer: Project) -> None:
    said = ""
    for block in blocks():
        if name := re.match(r"# (datasets/\S+)", block):
            (newcomer.folder / name[1]).write_text(block)
        else:
            said += newcomer.run("bash", "-e", "-c", block)
    assert "my-digits" in said.partition("nothing wrong: ")[2].splitlines()[0]
    assert "Ran experiment(s): my-digits" in said
    assert newcomer.json("data/raw/dataset.json")["name"] == "my-digits"
    counts = newcomer.json("metrics/data.json")
    assert (counts["train_rows"], counts["test_rows"]) == (500, 2000)
    assert newcomer.json("export/labels.json") == [str(digit) for digit in range(10)]
    assert newcomer.json("metrics/evaluate.json")["test_accuracy"] > 0.9
    assert "test_accuracy" in said
    assert "classes.png" in (newcomer.folder / "dvc_plots/index.html").read_text()


def test_every_dataset_is_on_the_page() -> None:
    listed = re.findall(r"^\| `([\w-]+)` \|", PAGE.partition(TITLE)[0], re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "datasets").glob("*.yaml"))
