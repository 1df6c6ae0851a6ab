"""Folders and addresses that environment variables name: empty is unset, and `~` is a home."""

import os
import re
import tempfile
from pathlib import Path
from urllib.parse import unquote_to_bytes

from shared.console import StageError


def named_folder(variable: str, default: Path) -> Path:
    """Return the folder that a variable names, whether it is there or not.

    Raises StageError for a URL, `file:///…` aside, and for the home of nobody.
    """
    place = _place(variable)
    if isinstance(place, str):
        raise StageError(f"{variable}: a folder is needed, and this is a URL")
    return place or default


def readable_folder(variable: str, default: Path) -> Path:
    """Return the same. Raises StageError where it cannot be read."""
    return _readable(variable, named_folder(variable, default))


def writable_folder(variable: str, default: Path) -> Path:
    """Return the same, and make it. Raises StageError where it cannot be written."""
    path = named_folder(variable, default)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise _unusable(variable, path, error, "written") from error


def readable_place(variable: str) -> str | None:
    """Return the URL that a variable names, or the whole path of a folder, or None.

    Raises StageError for a folder that cannot be read, and for what is neither.
    """
    place = _place(variable)
    return str(_readable(variable, place).absolute()) if isinstance(place, Path) else place


def _place(variable: str) -> str | Path | None:
    """Return a URL as text, its scheme in small letters, and a folder as a path."""
    text = os.environ.get(variable, "").strip()
    if url := re.match(r"([\w+.-]+):(?=/)", text):
        scheme, rest = url[1].lower(), text[url.end() :]
        if scheme in ("http", "https") and rest.startswith("//"):
            return f"{scheme}:{rest}"
        path = re.fullmatch(rb"(?://(?:localhost)?)?(/(?!/)[^\0]*)", unquote_to_bytes(rest))
        if scheme != "file" or not path:
            raise StageError(
                f"{variable}: a place that begins with {url[0]}// is not known here; name a "
                "folder, file:///FOLDER, or a URL of http:// or https:// where one can be read"
            )
        text = os.fsdecode(path[1])
    try:
        return Path(text).expanduser() if text else None
    except RuntimeError:
        raise StageError(
            f"{variable}: {text}: nobody has this home; write the whole path"
        ) from None


def _readable(variable: str, path: Path) -> Path:
    try:
        os.scandir(path).close()
    except OSError as error:
        raise _unusable(variable, path, error, "read") from error
    return path


def _unusable(variable: str, path: Path, error: OSError, purpose: str) -> StageError:
    return StageError(f"{variable}: {path}: {error.strerror}; name a folder that can be {purpose}")
