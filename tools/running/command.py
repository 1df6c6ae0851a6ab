"""What every tool's command line has: the script's docstring as its help, and the version."""

import argparse
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def command_line(about: str | None) -> argparse.ArgumentParser:
    """Return a parser that knows --help, which prints `about` as it is laid out, and --version."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, formatter_class=formatter)
    version = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    parser.add_argument("--version", action="version", version=version)
    return parser
