"""docs/get-started/your-own-images.md is followed to the letter, from pictures to a model."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from checkout import Project, working_tree
from conftest import ROOT

PAGE = (ROOT / "docs/get-started/your-own-images.md").read_text(encoding="utf-8")
PETS = ["cat", "dog", "hamster"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def save_pets(folder: Path, each: int) -> None:
    """Pictures of several sizes: a square in noise, whose place and colour tell the pet."""
    random = np.random.default_rng(0)
    for index, pet in enumerate(PETS):
        (folder / pet).mkdir(parents=True)
        for number in range(each):
            width, height = random.integers(32, 41, 2)
            image = random.integers(0, 60, (height, width, 3))
            image[5 + 8 * index :, 8:20][:9, :, index] += 190
            picture = Image.fromarray(image.astype(np.uint8))
            picture.save(folder / pet / f"{number:03}.png")


@pytest.fixture
def newcomer(tmp_path: Path) -> Project:
    """A fresh clone, set up, with pictures in a home of its own."""
    home, folder = tmp_path / "home", tmp_path / "project"
    (folder / ".venv").mkdir(parents=True)
    save_pets(home / "Pictures/my-pets", 400)
    project = working_tree(folder)
    for part in Path(sys.prefix).iterdir():
        if part.suffix != ".done":
            (folder / ".venv" / part.name).symlink_to(part)
    for name in ("requirements.txt", "requirements-gpu.txt"):
        (folder / f".venv/{name}.done").touch()
    project.environment |= {"HOME": str(home)}
    project.set("train", steps=100, eval_every=50, width=8)
    project.set("export", formats=["onnx"])
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "clone")
    return project


def test_the_page_leads_from_pictures_to_a_model(newcomer: Project) -> None:
    said = "".join(newcomer.run("bash", "-e", "-c", block) for block in blocks("sh"))
    for printed in blocks("text")[1:]:
        assert printed in said, printed
    entry = (newcomer.folder / "datasets/my-pets/entry.yaml").read_text()
    assert re.sub(r"sha256: [\w\"]+", "sha256: …", entry) == blocks("yaml")[0]
    assert "Ran experiment(s): my-pets" in said
    assert newcomer.json("data/raw/dataset.json")["name"] == "my-pets"
    assert newcomer.json("metrics/evaluate.json")["test_accuracy"] > 0.9
    assert re.search(r"cat/000.png: cat \(\d", said), said
    assert newcomer.run("git", "status", "--short", "datasets").split() == [
        word for name in (".gitignore", "data.dvc", "entry.yaml")
        for word in ("A", f"datasets/my-pets/{name}")
    ]  # fmt: skip
