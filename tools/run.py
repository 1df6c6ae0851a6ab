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

import project
from running.clone import elsewhere, output, require_whole_history
from running.presets import Preset, read_presets
from shared.console import log, run


def main() -> None:
    """Say what is put back, and become `dvc exp run`."""
    os.chdir(project.ROOT)
    presets = read_presets()
    asked, others = arguments(presets)
    if {"--temp", "--queue", "--run-all"} & {*others}:
        require_whole_history()
    dataset = {"download.dataset": asked.dataset} if asked.dataset else {}
    chosen = presets[asked.preset].sets | dataset
    given = {setting.partition("=")[0].lstrip("+~") for setting in asked.settings}
    settings = put_back({*chosen, *given})
    settings += [f"{name}={json.dumps(value)}" for name, value in chosen.items()] + asked.settings
    command = ["dvc", "exp", "run", *(f"--set-param={setting}" for setting in settings), *others]
    os.execve(sys.executable, [sys.executable, "-m", *command], elsewhere())  # noqa: S606 (dvc)


def arguments(presets: Mapping[str, Preset]) -> tuple[argparse.Namespace, list[str]]:
    """Return the command line's choices, and what is dvc's."""
    parser = project.command_line(__doc__)
    parser.allow_abbrev = False
    about = [f"  {name:18}{preset.what}" for name, preset in presets.items()]
    parser.epilog = "\n".join(["presets:", *about])
    parser.add_argument("preset", metavar="PRESET", choices=presets, help="one of those below")
    datasets = sorted(path.parent.name for path in project.ROOT.glob("datasets/*/entry.yaml"))
    parser.add_argument("--dataset", choices=datasets, metavar="NAME", help=", ".join(datasets))
    parser.add_argument(
        "-S", "--set-param", dest="settings", action="append", default=[], metavar="SETTING"
    )
    return parser.parse_known_args()


def put_back(chosen: set[str]) -> list[str]:
    """Return the settings that make params.yaml the committed one, but for what is chosen.

    Says what changes. A name that the committed file does not have is taken out.
    """
    changed: dict[str, Any] = json.loads(output("dvc", "params", "diff", "--json"))
    settings = []
    for name, value in changed.get("params.yaml", {}).items():
        old, new = value["old"], value["new"]
        if name in chosen:
            continue
        if old is None:
            log.info("%s: %s, taken out", name, new)
            settings.append(f"~{name}")
        else:
            log.info("%s: %s, put back to %s", name, new, old)
            settings.append(f"{name}={old if isinstance(old, str) else json.dumps(old)}")
    return settings


if __name__ == "__main__":
    run(main)
