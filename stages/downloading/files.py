"""A person's own files, in which a zip is gone through as a folder, and a gzip is what is in it."""

import gzip
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import IO

from downloading.unpacking import ALWAYS_ALLOWED, GZIP, MOST_EXPANSION
from shared.console import StageError

# What gzip and zipfile raise for a damaged file.
_BROKEN = (
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


class Files:
    """The files below a folder. Paths are relative to it: `a.csv`, `a.zip/train/0/1.png`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._zip = cache(self._open_zip)
        self._is_zip = cache(_is_zip)
        self._folders = cache(lambda archive: _folders(self._zip(archive)))

    def place(self, path: str) -> str:
        """Return how an error names a file."""
        return f"{self.root / path}"

    def names(self, path: str) -> list[str]:
        """Return all files below a path, or of a pattern (`train-*.csv`), in order; [] of none."""
        found = self._find(path)
        if found is None:
            parent, pattern = PurePosixPath(path).parent, PurePosixPath(path).name
            if "*" not in pattern or self._find(f"{parent}") is None:
                return []
            every = self.names(f"{parent}")
            depth = len(parent.parts) + 1
            return [
                name
                for name in every
                if len(PurePosixPath(name).parts) == depth
                and fnmatchcase(PurePosixPath(name).name, pattern)
            ]
        file, member = found
        if member is not None:
            below = f"{member}/" if member else ""
            names = self._zip(file).namelist()
            inside = [name for name in names if name == member or name.startswith(below)]
            start = file.relative_to(self.root).as_posix()
            return sorted(f"{start}/{name}" for name in inside if not name.endswith("/"))
        if file.is_file():
            return [path]
        every_path = (found for found in file.rglob("*") if found.is_file())
        listed = sorted(found.relative_to(self.root).as_posix() for found in every_path)
        for name in listed:
            shown = os.fsencode(name).decode(errors="backslashreplace")
            if shown.encode() != os.fsencode(name):
                raise StageError(f"{self.place(shown)}: a name that is not UTF-8; rename it")
        return listed

    def is_file(self, path: str) -> bool:
        """Whether a path is a file, or one in a zip; a zip is one, too."""
        found = self._find(path)
        if found is None:
            return False
        file, member = found
        return file.is_file() if not member else member in self._zip(file).NameToInfo

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """Open a file, decompressed if it is a gzip; one can seek in it. Raises StageError."""
        found = self._find(path)
        if found is None or not self.is_file(path):
            raise StageError(f"{self.place(path)}: no such file{self._near()}")
        file, member = found
        with (
            self._told(path),
            file.open("rb") if not member else self._member(file, member) as stream,
        ):
            start = stream.read(len(GZIP))
            stream.seek(0)
            yield gzip.GzipFile(fileobj=stream) if start == GZIP else stream  # type: ignore[misc]

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise StageError(f"{self.place(path)}: cannot be unpacked: {error}") from None

    def _open_zip(self, file: Path) -> zipfile.ZipFile:
        with self._told(file.relative_to(self.root).as_posix()):
            return zipfile.ZipFile(file)

    def _member(self, file: Path, member: str) -> IO[bytes]:
        info = self._zip(file).getinfo(member)
        if info.file_size > max(ALWAYS_ALLOWED, MOST_EXPANSION * info.compress_size):
            raise StageError(
                f"{file}: {member}: an archive bomb: becomes more than {MOST_EXPANSION} times as "
                "large"
            )
        return self._zip(file).open(info)

    def _find(self, path: str) -> tuple[Path, str | None] | None:
        """Return the file or folder, or the zip and what is meant in it ("" for all of it)."""
        place = self.root
        parts = PurePosixPath(path).parts
        if {"/", ".."} & {*parts}:  # DVC would not see a change of what lies outside
            return None
        for number, part in enumerate(parts, 1):
            place /= part
            if self._is_zip(place):
                member = "/".join(parts[number:])
                known = member in self._zip(place).NameToInfo or member in self._folders(place)
                return (place, member) if known else None
        return (place, None) if place.exists() else None

    def _near(self) -> str:
        """Return what there is instead."""
        names = self.names(".")[:9] if self.root.is_dir() else []
        return f"; there are {', '.join(names)}" if names else ""


def _is_zip(place: Path) -> bool:
    return place.is_file() and zipfile.is_zipfile(place)


def _folders(archive: zipfile.ZipFile) -> frozenset[str]:
    """Return the folders that members are in, and "" for all of the archive."""
    found = {""}
    for name in archive.namelist():
        folder = name.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(found)
