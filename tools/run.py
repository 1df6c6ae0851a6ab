"""Run a preset as an experiment: the committed params.yaml, and what presets/NAME.yaml sets.

    python tools/run.py tutorial
    python tools/run.py accurate --dataset fashion-mnist -n mine -S train.seed=3 evaluate

`make run PRESET=accurate DATASET=fashion-mnist ARGS='-S train.seed=3 evaluate'` does the same. What
earlier experiments have left in the workspace's params.yaml is put back, and printed. All other
arguments are those of `dvc exp run`.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import yaml

import project
from running.clone import output
from running.presets import Preset, read_presets
from shared.console import log, run
from shared.params import PARAMS, Loader, read_yaml


def main() -> None:
    """Say what is put back, and become `dvc exp run`."""
    os.chdir(project.ROOT)
    presets = read_presets()
    asked, others = arguments(presets)
    committed = yaml.load(output("git", "show", f"HEAD:{PARAMS}"), Loader)  # noqa: S506 (a safe loader)
    chosen = dict(presets[asked.preset].sets)
    if asked.dataset:
        chosen["download.dataset"] = asked.dataset
    given = {setting.partition("=")[0] for setting in asked.settings}
    back = put_back(by_name(committed), by_name(read_yaml(PARAMS)), {*chosen, *given})
    settings = [f"{name}={json.dumps(value)}" for name, value in (back | chosen).items()]
    changes = [f"--set-param={setting}" for setting in (*settings, *asked.settings)]
    os.execv(sys.executable, [sys.executable, "-m", "dvc", "exp", "run", *changes, *others])  # noqa: S606 (dvc)


def arguments(presets: Mapping[str, Preset]) -> tuple[argparse.Namespace, list[str]]:
    """Return the command line's choices, and what is dvc's."""
    about = [f"  {name:18}{preset.what}" for name, preset in presets.items()]
    parser = project.command_line(__doc__)
    parser.epilog = "\n".join(["presets:", *about])
    parser.allow_abbrev = False
    parser.add_argument("preset", metavar="PRESET", choices=presets, help="one of those below")
    datasets = sorted(path.stem for path in project.ROOT.glob("datasets/*.yaml"))
    parser.add_argument("--dataset", choices=datasets, metavar="NAME", help=", ".join(datasets))
    parser.add_argument(
        "-S",
        "--set-param",
        dest="settings",
        action="append",
        default=[],
        metavar="SETTING",
        help="another value, instead of the preset's",
    )
    return parser.parse_known_args()


def by_name(params: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the values of params.yaml by section.name."""
    return {
        f"{section}.{name}": value
        for section, values in params.items()
        for name, value in values.items()
    }


def put_back(
    committed: dict[str, Any], workspace: dict[str, Any], chosen: set[str]
) -> dict[str, Any]:
    """Return the committed values that the workspace has changed and nobody chooses; say which."""
    changed = {
        name: value
        for name, value in committed.items()
        if name not in chosen and workspace.get(name, value) != value
    }
    for name, value in changed.items():
        log.info("%s: %s, put back to %s", name, workspace[name], value)
    return changed


if __name__ == "__main__":
    run(main)
