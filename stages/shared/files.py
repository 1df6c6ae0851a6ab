"""Writing a stage's files: whole or not at all, and the same bytes for the same content."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` (a file or a folder) and move it into place at the end.

    On an error `path` is as it was, and nothing is left of the temporary one. A file does not
    replace a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last, since writers choose their format by it.
    temporary = path.with_name(f".{path.stem}.partial{path.suffix}")
    remove(temporary)
    try:
        with naming(path):
            yield temporary
        if temporary.is_dir():
            remove(path)
        temporary.replace(path)
    finally:
        remove(temporary)


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """Give a new folder, which goes at the end, as does what a killed process has left there."""
    remove(path)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        remove(path)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the path in an error that names no file: when a disk is full, that of a write does."""
    try:
        yield
    except OSError as error:
        if error.errno and not error.filename:
            error.filename = str(path)
        raise


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, content: dict[str, Any] | list[str]) -> None:
    """Write JSON for people and for `git diff`: indented, in the order given."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    r"""Write columns, without the index, with as many digits as a plot needs and \n after rows."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")


def sha256(*paths: Path) -> str:
    """Return the SHA-256, in hexadecimal, of the files' bytes one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()
