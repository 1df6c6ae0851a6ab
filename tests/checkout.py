"""The working tree as a git checkout of its own, for tests with real git and real dvc."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from conftest import ROOT


class Project:
    """A git checkout with dvc in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_NAME": "A" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "a@example.org" for who in ("AUTHOR", "COMMITTER")},
        }

    def run(self, *command: str | Path, fails: bool = False) -> str:
        """Run a command and return what it printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def runs(self, *command: str) -> list[str]:
        """Run a dvc command and return the stages that it ran."""
        return re.findall(r"^Running stage '(\w+)'", self.run("dvc", *command), re.MULTILINE)

    def json(self, path: str) -> Any:
        return json.loads((self.folder / path).read_text())

    def set(self, section: str, **values: Any) -> None:
        path = self.folder / "params.yaml"
        params = yaml.safe_load(path.read_text())
        params[section].update(values)
        path.write_text(yaml.safe_dump(params))

    def restore(self) -> None:
        """What docs/experiments.md says to do after a failed run."""
        self.run("git", "checkout", ".")
        self.run("dvc", "checkout")

    def clone(self, folder: Path) -> "Project":
        self.run("git", "clone", "--quiet", self.folder, folder)
        return Project(folder)


def working_tree(folder: Path) -> Project:
    """A copy of all that git tracks or would, no checkout yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return Project(folder)
