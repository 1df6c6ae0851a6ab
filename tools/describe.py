"""Look at images of any layout and write their entry of the catalog, ready to run.

    python tools/describe.py ~/Downloads/thing.zip                  a file, a folder or a zip
    python tools/describe.py train.csv --test test.csv --name mine  with a test set of its own
    python tools/describe.py --refresh mine                         pin changed data anew

Run from the project's folder. The files are copied to datasets/NAME/data, as they are. Every line
of datasets/NAME/entry.yaml is a guess with its reason. Look at the picture: it shows three images
of each class as the model will see them. `make new` also does `dvc add` and `git add`.
"""

import argparse
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ruamel.yaml import YAML

import project
from describing.entry import Described, describe, write_entry
from describing.finding import Finding
from describing.gathering import gather
from describing.recognizing import recognize
from describing.settings import majority, settings
from describing.trying import tried
from downloading.catalog import load_entry
from downloading.files import Files
from downloading.forms.form import Form
from running.clone import output
from shared.console import StageError, log, run
from shared.dataset import Table
from shared.files import replacing
from shared.params import PARAMS, read_nodes, read_yaml

CATALOG = Path("datasets")
_NAMED = 20  # classes that are told


class Brought(Files):
    """Files that were copied, which errors name by where they came from."""

    def __init__(self, root: Path, origin: Path) -> None:
        super().__init__(root)
        self._origin = origin

    def place(self, path: str) -> str:
        """Return how an error names a file."""
        return f"{self._origin / path}"


def main() -> None:
    """Copy, look, write, show."""
    arguments = parse()
    if arguments.refresh:
        refresh(arguments.refresh)
        track(arguments.refresh, add=arguments.add)
    else:
        name = arguments.name or name_of(arguments.data)
        *said, command = bring(arguments.data, arguments.test, name)
        for line in said:
            log.info("%s", line)
        track(name, add=arguments.add)
        log.info("%s", command)


def parse() -> argparse.Namespace:
    """Return the command line's choices."""
    parser = project.command_line(__doc__)
    parser.add_argument("data", metavar="DATA", nargs="?", type=here, help="a file, folder or zip")
    parser.add_argument("--test", type=here, help="the same, of images to test on")
    parser.add_argument("--name", help="the dataset's (default: that of DATA)")
    parser.add_argument("--add", action="store_true", help="also dvc add and git add what is new")
    parser.add_argument("--refresh", metavar="NAME", help="pin the rows and SHA-256s of a dataset")
    arguments = parser.parse_args()
    if bool(arguments.data) == bool(arguments.refresh):
        parser.error("name DATA, or a dataset to --refresh")
    if arguments.name and not re.fullmatch(r"[A-Za-z0-9][\w.-]*", arguments.name):
        parser.error(f"--name {arguments.name!r}: expected letters, digits, - and _")
    if arguments.name and not is_text(arguments.name):
        parser.error(f"--name {arguments.name}: params.yaml would read a number or the like")
    return arguments


def here(text: str) -> Path:
    """Return a path that exists."""
    path = Path(text)
    with suppress(RuntimeError):  # nobody has this home
        path = path.expanduser()
    if not path.exists():
        raise argparse.ArgumentTypeError(f"{text}: no such file or folder")
    return path


def name_of(path: Path) -> str:
    """Return a dataset's name for the file or folder."""
    stem = re.sub(r"(\.(tar|csv|npz|zip|gz))+$", "", path.resolve().name)
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "mine"
    return name if is_text(name) else f"data-{name}"


def is_text(name: str) -> bool:
    """Return whether params.yaml can have the name without quotes: 2019 would be a number."""
    return isinstance(YAML(typ="safe").load(name), str)


def bring(data: Path, test: Path | None, name: str) -> list[str]:
    """Write datasets/NAME out of somebody's files, and return what is to be said.

    Raises StageError for what is there already and for what cannot be read, and leaves nothing.
    """
    read_yaml(PARAMS)  # which tells who is outside the project
    target, picture = CATALOG / name, picture_of(name)
    for path in (target, picture):
        if path.exists():
            raise StageError(f"{path}: exists, and is not overwritten; give another --name")
    with replacing(target) as folder:
        files = copied(data, test, folder / "data")
        finding = recognize(files, gather(files))
        described = describe(finding, name, f"{data.name}" + (f" and {test.name}" if test else ""))
        (folder / "entry.yaml").write_text(write_entry(described, {}), encoding="utf-8")
        pins = pin(folder.name, files, picture)
        (folder / "entry.yaml").write_text(write_entry(described, pins), encoding="utf-8")
    return summary(finding, described, name, settings(finding, described))


def picture_of(name: str) -> Path:
    """Return where the picture of a dataset's classes is: not in its folder, which DVC watches."""
    return CATALOG / f"{name}.png"


def copied(data: Path, test: Path | None, folder: Path) -> Files:
    """Copy the files, links as what they lead to; with a test set, into train/ and test/."""
    folder.mkdir(parents=True)
    for part, path in (("train", data), ("test", test)):
        place = folder / part if test else folder
        if path is not None and path.is_dir():
            refuse_circles(path)
            try:
                shutil.copytree(path, place, dirs_exist_ok=True)
            except shutil.Error as error:
                [[source, _, reason], *_] = error.args[0]
                raise StageError(f"{source}: cannot be copied: {reason}") from None
        elif path is not None:
            place.mkdir(exist_ok=True)
            shutil.copy2(path, place)
    return Brought(folder, data if data.is_dir() and not test else data.parent)


def refuse_circles(folder: Path) -> None:
    """Raise StageError for a folder that would be copied into itself, or without end."""
    if CATALOG.resolve().is_relative_to(folder.resolve()):
        raise StageError(f"{folder}: holds {CATALOG}/ itself; name the folder of the images alone")
    for path in folder.rglob("*"):
        if path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve()):
            raise StageError(f"{path}: a link to a folder that it is in; remove it")


def pin(name: str, files: Files, picture: Path) -> Mapping[str, Table]:
    """Return what the tables of an entry are now, and draw their classes."""
    entry = load_entry(CATALOG, name)
    if not isinstance(entry.source, Form):
        raise StageError(f"{CATALOG}/{name}/entry.yaml: source: not of kind own: nothing to pin")
    with tried(entry, entry.source, files, CATALOG) as trial:
        trial.show(picture)
        return trial.pins


def refresh(name: str) -> None:
    """Write the rows and SHA-256s of the tables as they are now into the entry."""
    path = CATALOG / name / "entry.yaml"
    pins = pin(name, Files(path.parent / "data"), picture_of(name))
    lines = {
        part: f"{part}: {{rows: {table.rows}, sha256: {table.sha256}}}\n"
        for part, table in pins.items()
    }
    text = path.read_text(encoding="utf-8")
    _, root = read_nodes(path, lambda _: None)
    for key, value in reversed(root.value):
        if key.value in lines:
            end = text.find("\n", value.end_mark.index - 1) + 1 or len(text)
            text = text[: key.start_mark.index] + lines.pop(key.value) + text[end:]
    with replacing(path) as temporary:
        temporary.write_text(text + "".join(lines.values()), encoding="utf-8")
    told = ", ".join(f"{part} {table.rows:,} rows" for part, table in pins.items())
    log.info("%s: %s, pinned", path, told)


def track(name: str, *, add: bool) -> None:
    """Have DVC keep the data and git the entry, or say how."""
    folder = CATALOG / name
    files = [f"{folder}/{file}" for file in ("entry.yaml", "data.dvc", ".gitignore")]
    if add:
        output("dvc", "add", "--quiet", f"{folder}/data", folder=Path())
        output("git", "add", *files, folder=Path())
    else:
        log.info("next:   dvc add %s/data && git add %s", folder, " ".join(files))


def summary(
    finding: Finding, described: Described, name: str, chosen: Mapping[str, object]
) -> list[str]:
    """Return what was found, what is to be decided, and how to train."""
    train, test = sum(finding.train.values()), sum((finding.test or {}).values())
    drawn = described.drawn
    tested = f"{test:,} to test on" if test else f"of which {drawn:,} are drawn to test on"
    names = list(described.classes.values())
    more = ", …" if len(names) > _NAMED else ""
    sets = {"download.dataset": name, **chosen}
    return [
        f"{name}: {finding.form}, {train:,} rows, {tested}",
        f"images: {described.shape}",
        f"classes: {len(names)}: {', '.join(names[:_NAMED])}{more}",
        f"always the most frequent one: accuracy {majority(finding):.1%}",
        *(f"note:   {remark}" for remark in finding.remarks),
        *(f"decide: {remark}" for remark in described.undecided),
        f"look:   {picture_of(name)}; the reasons are in {CATALOG}/{name}/entry.yaml",
        f"train:  dvc exp run -n {name} "
        + " ".join(f"-S {key}={value}" for key, value in sets.items()),
    ]


if __name__ == "__main__":
    run(main)
