"""All files below a folder, in its zips too, and what kind they are of."""

import re
from collections import Counter
from pathlib import PurePosixPath

from describing.sniffing import Item, sniff
from downloading.files import Files
from shared.console import StageError

_JUNK = re.compile(r"(^|/)(\.|__MACOSX(/|$)|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_ABOUT = re.compile(
    r"(^|/)(readme|licen[cs]e|citation|changelog)[^/]*$|\.(md|rst|pdf|html?|py|ipynb)$",
    re.IGNORECASE,
)


def gather(files: Files) -> list[Item]:
    """Return every file that may be data, in order.

    Left out are what systems leave behind, pages about the data, and an archive whose members lie
    beside it, unpacked.
    """
    outer = [sniff(files, path) for path in files.names(".") if not _left_out(path)]
    inner: list[Item] = []
    for item in outer:
        if item.kind == "zip":
            inner += _members(files, item.path, outer)
    return [item for item in outer if item.kind != "zip"] + inner


def _left_out(path: str) -> bool:
    return bool(_JUNK.search(path) or _ABOUT.search(path))


def _members(files: Files, archive: str, outer: list[Item]) -> list[Item]:
    """Return what is in a zip; one of arrays alone is an npz, and a file of its own."""
    paths = [path for path in files.names(archive) if not _left_out(path[len(archive) + 1 :])]
    if paths and all(path.endswith(".npy") for path in paths):
        return [Item(archive, "npz")]
    if any(path.endswith("[Content_Types].xml") for path in paths):
        return [Item(archive, "", "a spreadsheet or a document; write it as a CSV: "
            "pandas.read_excel(FILE).to_csv('table.csv', index=False)")]  # fmt: skip
    folder = PurePosixPath(archive).parent
    beside = Counter(PurePosixPath(item.path).name for item in outer)
    unpacked = all(beside[PurePosixPath(path).name] for path in paths)
    if paths and unpacked and len(outer) > 1:
        return []
    items = [sniff(files, path) for path in paths]
    nested = [item.path for item in items if item.kind == "zip"]
    if nested:
        raise StageError(f"{nested[0]}: a zip in a zip; unpack {archive} into {folder}/ first")
    return items
