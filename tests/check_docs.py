"""What `make lint-docs` asks of the pages, beside mdformat (layout) and codespell (spelling).

- Lines have at most 100 columns, of which a Chinese character takes two; tables, code and lines
  without a space (a URL) aside.
- Code is fenced, and its fence names a language: `sh` for commands, `text` for what they print.
- A link within the repository leads to a file in git, and its #anchor to a heading there.
- A path that a page names exists: in git, as an output that git ignores, or as the end of a path
  (`training/loop.py`). `NAME`, `*` and `{a,b}` stand for any name, any characters, a or b. Checked
  are words that begin with a folder of the repository (`stages/…`) or end with `.py`, and
  requirements' files. A file that the reader writes has a name with `my` (`datasets/my-pets.yaml`).
- `make TARGET`, in code, names a target of the Makefile.

mdformat's layout, in short: `-` for lists, numbers that count, `| -- | -- |` and one space in
tables, no trailing spaces. `mdformat FILE` writes it; .mdformat.toml has its settings.
"""

import argparse
import fnmatch
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from unicodedata import east_asian_width
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 100
WORD = re.compile(r"(?<![\w/.:~$-])[\w.*{},-]+(?:/[\w.*{},-]*)*", re.ASCII)
REQUIREMENTS = re.compile(r"requirements[\w*-]*\.(?:in|txt)")
MAKE = re.compile(r"(?:^|[`;&|(]|\$ )\s*(?:[A-Z_]+=\S+ )*make((?: [\w./=:'{},-]+)*)", re.MULTILINE)

Problem = tuple[int, str]


@cache
def tracked() -> tuple[str, ...]:
    """Every file in git or about to be, and every folder of them with a slash at its end."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    files = [name for name in listed if (ROOT / name).exists()]
    folders = {f"{folder}/" for name in files for folder in Path(name).parents} - {"./"}
    return (*files, *sorted(folders))


@cache
def ignored(path: str) -> bool:
    """Whether git ignores it, as it does what the pipeline writes."""
    return not subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode


@cache
def targets() -> frozenset[str]:
    """The Makefile's targets that have a plain name."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z][\w-]*):(?!=)", text, re.MULTILINE))


@cache
def parsed(page: Path) -> tuple[Token, ...]:
    """The page's blocks, in order."""
    return tuple(MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of its headings, as GitHub derives them."""
    found: set[str] = set()
    seen = Counter[str]()
    for heading, content in pairwise(parsed(page)):
        if heading.type == "heading_open":
            words = "".join(piece.content for piece in content.children or ())
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            earlier = seen[slug]
            seen[slug] += 1
            found.add(f"{slug}-{earlier}" if earlier else slug)
    return frozenset(found)


def lines_and_fences(page: Path) -> Iterator[Problem]:
    """Lines that are too long, and code without a fence or a language."""
    free: set[int] = set()
    for block in parsed(page):
        first, end = block.map or (0, 0)
        if block.type in {"table_open", "fence", "code_block", "html_block"}:
            free.update(range(first, end))
        if block.type == "code_block":
            yield first + 1, "code without a fence"
        elif block.type == "fence" and not block.info.strip():
            yield first + 1, "the fence names no language (text, if it is none)"
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines()):
        columns = len(line) + sum(east_asian_width(character) in "WF" for character in line)
        if columns > WIDTH and number not in free and not _is_one_word(line):
            yield number + 1, f"{columns} columns, {WIDTH} are allowed"


def _is_one_word(line: str) -> bool:
    """Whether it is in one piece, as a URL; Chinese sentences have no spaces and can be broken."""
    return line.isascii() and " " not in line.strip()


def links(page: Path) -> Iterator[Problem]:
    """Links within the repository that lead nowhere."""
    for block in parsed(page):
        first = (block.map or (0, 0))[0] + 1
        pieces = [block, *(block.children or ())]
        named = [str(p.attrGet("href") or p.attrGet("src") or "") for p in pieces]
        for piece in pieces:
            if piece.type.startswith("html"):
                named += re.findall(r'(?:href|src|srcset)="([^"]+)"', piece.content)
        for link in named:
            if link and not re.match(r"[a-z]+:", link):
                path, _, anchor = unquote(link).partition("#")
                goal = (page.parent / path).resolve() if path else page
                if not goal.is_relative_to(ROOT) or not known(str(goal.relative_to(ROOT))):
                    yield first, f"the link {link} leads to no file"
                elif anchor and anchor not in anchors(goal):
                    yield first, f"the link {link} leads to no heading"


def known(path: str) -> bool:
    """Whether files or folders in git, or outputs, have this path or end with it."""
    alternatives = re.search(r"\{([^{}]*)\}", path)
    if alternatives:
        before, after = path[: alternatives.start()], path[alternatives.end() :]
        return all(known(f"{before}{one}{after}") for one in alternatives[1].split(","))
    pattern = re.sub(r"\b[A-Z]+\b", "*", path) if "/" in path else path
    for ending in (pattern, pattern.rstrip("/") + "/"):
        for name in tracked():
            if fnmatch.fnmatchcase(name, ending) or fnmatch.fnmatchcase(name, f"*/{ending}"):
                return True
    return ignored(path)


def names(page: Path) -> Iterator[Problem]:
    """Paths and make targets that do not exist."""
    tops = {name.split("/")[0] for name in tracked() if "/" in name}
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines()):
        for found in WORD.finditer(line):
            word = found[0].rstrip(".,-")
            inside = "/" in word and word.split("/")[0] in tops
            named = inside or word.endswith(".py") or REQUIREMENTS.fullmatch(word)
            if named and not re.search(r"\bmy\b", word) and not known(word):
                yield number + 1, f"{word} does not exist"
    for block in parsed(page):
        spans = [piece.content for piece in block.children or () if piece.type == "code_inline"]
        for code in [block.content] if block.type == "fence" else spans:
            for call in MAKE.finditer(code):
                unknown = {w for w in call[1].split() if re.fullmatch(r"[a-z][\w-]*", w)}
                for word in sorted(unknown - targets()):
                    yield (block.map or (0, 0))[0] + 1, f"`make {word}`: there is no such target"


def main() -> None:
    """Print what is wrong with the pages; exit 1 if anything is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="+", type=lambda name: Path(name).resolve())
    wrong = 0
    for page in parser.parse_args().pages:
        for check in (lines_and_fences, links, names):
            for line, problem in check(page):
                print(f"{page.relative_to(ROOT)}:{line}: {problem}")  # noqa: T201
                wrong += 1
    sys.exit(f"{wrong} problems: python tests/check_docs.py --help says the rules" if wrong else 0)


if __name__ == "__main__":
    main()
