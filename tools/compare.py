"""Tell whether one run is really better than another, or one group of runs than another.

    python tools/compare.py main short              two revisions, branches or experiments
    python tools/compare.py main                    a revision and the workspace
    python tools/compare.py 'plain-*' 'shifted-*'   groups of experiments: several seeds of each
    python tools/compare.py 'plain-*'               a group alone: mean and standard deviation

Two runs are compared image by image. Run from the project's folder; the findings are printed, and
written as comparison.md and comparison.json.
"""

import argparse
import sys
from pathlib import Path

import project
from comparing.findings import Findings, Group, compare_groups, compare_pair
from comparing.runs import WORKSPACE, check_same_test_set, read_run, revisions_of
from shared.console import StageError, run
from shared.files import replacing, write_json

OUT = Path("comparison")


def main() -> None:
    """Read the runs, compare, print, write."""
    arguments = parse()
    findings = compare(arguments.first, arguments.second)
    with replacing(arguments.out / "comparison.md") as temporary:
        temporary.write_text(findings.text, encoding="utf-8", newline="\n")
    write_json(arguments.out / "comparison.json", findings.data)
    sys.stdout.write(findings.text)


def parse() -> argparse.Namespace:
    """Return the command line's choices."""
    parser = project.command_line(__doc__)
    runs = "a revision, branch or experiment; several, with commas; or a pattern of experiments"
    parser.add_argument("first", metavar="A", help=runs)
    parser.add_argument("second", metavar="B", nargs="?", help=f"the same (default: {WORKSPACE})")
    parser.add_argument("--out", type=Path, default=OUT, help="folder (default: %(default)s)")
    return parser.parse_args()


def compare(first: str, second: str | None) -> Findings:
    """Compare what two choices of runs stand for. Raises StageError where that means nothing."""
    chosen = revisions_of(first)
    others = revisions_of(second or WORKSPACE) if second or len(chosen) == 1 else {}
    if overlap := chosen.keys() & others.keys():
        raise StageError(f"{', '.join(sorted(overlap))}: on both sides; name two different runs")
    runs, other_runs = ([read_run(*run) for run in side.items()] for side in (chosen, others))
    check_same_test_set([*runs, *other_runs])
    if len(runs) == len(other_runs) == 1:
        return compare_pair(runs[0], other_runs[0])
    if 1 in (len(runs), len(other_runs)):
        raise StageError(
            "one run against several: a single run does not tell how much its seed counts; compare "
            "two runs, or two or more on either side"
        )
    return compare_groups(Group(first, runs), Group(second, other_runs) if second else None)


if __name__ == "__main__":
    run(main)
