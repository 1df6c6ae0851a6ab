"""What every script of tools/ and benchmarks/ needs first: stages/ on its path, and --help."""

import argparse
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Before the installed packages, one of which might have the name of a stage.
sys.path.insert(1, str(ROOT / "stages"))


def command_line(about: str | None) -> argparse.ArgumentParser:
    """Return a parser that knows --help, which prints `about` as it is laid out, and --version.

    What is printed from here on and the terminal's encoding lacks is escaped, not an error.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, formatter_class=formatter)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parser.add_argument("--version", action="version", version=project["version"])
    return parser
