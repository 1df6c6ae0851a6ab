"""Files under other names than upstream's: what browsers, Kaggle and unpacking make of them."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath

_PACKED = (".gz", ".gzip", ".zip")
_KAGGLES = "archive"  # how Kaggle's site calls whatever is fetched from it
_SHOWN = 9


def are_near(one: str, other: str) -> bool:
    """Whether two names differ in packing, folder, capitals, punctuation or ` (1)` alone."""
    return _key(one) == _key(other)


def guesses(name: str) -> list[str]:
    """Return the names to ask a URL for, which cannot be listed: the right one, and near ones."""
    bare = name.removesuffix(".gz")
    dotted = re.sub(r"-(?=idx\d-ubyte$)", ".", bare)
    return list(dict.fromkeys([name, bare, f"{bare}.gz", f"{bare}.zip", dotted, f"{dotted}.gz"]))


def near_files(path: Path) -> list[Path]:
    """Return the file, if it is there, and then those of its folder whose names are near."""
    near = [other for other in _files(path.parent) if are_near(other.name, path.name)]
    return sorted(near, key=lambda other: (other != path, other.name))


def possible_zips(path: Path) -> Iterator[Path]:
    """Yield the zips of its folder that a file may be in: `x.zip` of `x.csv`, and Kaggle's."""
    stems = (_key(path.stem), _KAGGLES)
    for other in sorted(_files(path.parent)):
        if other.suffix.lower() == ".zip" and _key(other.name) in stems:
            yield other


def there_are(names: list[str], wanted: str) -> str:
    """Return names as a person reads them, those like the wanted one first."""
    alike = sorted(names, key=lambda name: -SequenceMatcher(None, name, wanted).ratio())
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(alike[:_SHOWN]) + more if names else "nothing"


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return sorted(path.name for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _key(name: str) -> str:
    bare = re.sub(r" ?\(\d+\)", "", PurePosixPath(name).name.lower())
    while bare.endswith(_PACKED):
        bare = bare.rpartition(".")[0]
    return re.sub(r"[\W_]+", "-", bare)
