"""What `make lint-docs` finds in pages, and what it lets pass."""

import subprocess
from pathlib import Path

import pytest

import check_docs

MAKEFILE = "all: setup\n\nsetup:\n\nBIN := x\n"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of a small repository that has stages/training/loop.py and writes export/."""
    monkeypatch.setattr(check_docs, "ROOT", tmp_path)
    check_docs.tracked.cache_clear()
    check_docs.ignored.cache_clear()
    check_docs.targets.cache_clear()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "stages/training").mkdir(parents=True)
    (tmp_path / "stages/training/loop.py").touch()
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / ".gitignore").write_text("/export\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/other.md").write_text("# One `thing`\n\n## 两 words, twice\n\n# One thing\n")
    return tmp_path / "docs/page.md"


def problems(page: Path, text: str) -> list[str]:
    page.write_text(text)
    check_docs.parsed.cache_clear()
    checks = (check_docs.lines_and_fences, check_docs.links, check_docs.names)
    return [f"{line}: {problem}" for check in checks for line, problem in check(page)]


@pytest.mark.parametrize(
    "text",
    [
        f"{'word ' * 19}word.\n",
        f"| a |\n|---|\n| {'word ' * 30}|\n",
        f"```sh\n{'word ' * 30}\n```\n",
        f"https://example.org/{'x' * 100}\n",
        f"{'字' * 50}\n",
        "[a](other.md), [b](other.md#one-thing), [c](other.md#两-words-twice), [d](../Makefile)\n",
        "[the second](other.md#one-thing-1), [here](#a), [there](https://example.org)\n\n# A\n",
        '<img src="other.md">\n',
        "`stages/training/`, `training/loop.py`, `stages/NAME/*.py`, docs/{page,other}.md.\n",
        "`export/predict.py`, and your own `stages/my-stage.py`.\n",
        "`make`, `make setup`, `GPU=1 make all X=1`; this will make sense.\n",
    ],
)
def test_a_page_in_order_passes(page: Path, text: str) -> None:
    assert problems(page, text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{'word ' * 20}word.\n", "1: 105 columns, 100 are allowed"),
        (f"{'字' * 51}\n", "1: 102 columns, 100 are allowed"),
        ("Say:\n\n    make\n", "3: code without a fence"),
        ("```\nmake\n```\n", "1: the fence names no language (text, if it is none)"),
        ("[a](gone.md)\n", "1: the link gone.md leads to no file"),
        ("[a](../../x.md)\n", "1: the link ../../x.md leads to no file"),
        ("[a](other.md#gone)\n", "1: the link other.md#gone leads to no heading"),
        ("[a](#gone)\n", "1: the link #gone leads to no heading"),
        ('a <img src="gone.png"> b\n', "1: the link gone.png leads to no file"),
        ("\nstages/gone.py\n", "2: stages/gone.py does not exist"),
        ("training/gone.py\n", "1: training/gone.py does not exist"),
        ("`docs/{page,gone}.md`\n", "1: docs/{page,gone}.md does not exist"),
        ("requirements-gone.txt\n", "1: requirements-gone.txt does not exist"),
        ("Run `make gone`.\n", "1: `make gone`: there is no such target"),
        ("```sh\nX=1 make setup gone   # why\n```\n", "1: `make gone`: there is no such target"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(page: Path, text: str, problem: str) -> None:
    assert problems(page, text) == [problem]
