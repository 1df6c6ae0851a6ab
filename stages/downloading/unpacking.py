"""Files out of gzip and zip archives, which strangers made.

Nothing is written but the file that was asked for, and no more of it than an honest archive holds.
"""

import gzip
import hashlib
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import IO

from downloading.sources import File
from shared.files import replacing, sha256

GZIP = b"\x1f\x8b"
BLOCK = 1 << 18

# Tables of images shrink to a fifth or a tenth, a bomb to a thousandth. What is small does no harm.
MOST_EXPANSION = 200
ALWAYS_ALLOWED = 1 << 26

# What zipfile and gzip raise for damaged archives: of ValueError, names that are not UTF-8.
_BROKEN = (zipfile.BadZipFile, EOFError, zlib.error, struct.error, NotImplementedError, ValueError)


class Failure(Exception):  # noqa: N818 (it is the reason in an error, not the error)
    """Why a mirror did not give a file."""


class Refusal(Failure):
    """A failure that another attempt would not change."""


def unpack(source: Path, target: Path, file: File, member: str | None = None) -> None:
    """Write the file at `source`, or a member of the zip there, decompressed if it is a gzip.

    Raises Failure if it is not there, is broken, or is not the `file` of the catalog, and Refusal
    for an archive that would do harm.
    """
    try:
        if file.packed_sha256:
            _check(sha256(source), file.packed_sha256)
        with (
            _opened(source, member) as (packed, size),
            replacing(target) as whole,
            whole.open("wb") as out,
        ):
            gzipped = packed.read(len(GZIP)) == GZIP
            packed.seek(0)
            read = gzip.GzipFile(fileobj=packed).read if gzipped else packed.read
            found = _copy(read, out, max(MOST_EXPANSION * size, ALWAYS_ALLOWED))
            if file.sha256:
                _check(found, file.sha256)
    except OSError as error:
        raise Failure(error.strerror or f"wrong bytes: {error}") from error
    except _BROKEN as error:
        raise Failure(f"wrong bytes: {error}") from error


@contextmanager
def _opened(source: Path, member: str | None) -> Iterator[tuple[IO[bytes], int]]:
    """Open a file, or a member of a zip, and tell how many bytes it has as it is packed."""
    size = source.stat().st_size
    if member is None:
        with source.open("rb") as file:
            yield file, size
    else:
        with zipfile.ZipFile(source) as archive:
            info = _find(archive, member)
            with archive.open(info) as file:
                yield file, min(info.compress_size, size)  # the first is only what the zip says


def _find(archive: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    names = archive.namelist()
    for name in names:
        path = PureWindowsPath(name)  # it knows drives and both kinds of slashes
        if path.anchor or ".." in path.parts:
            raise Refusal(f"the archive has a member that would leave its folder: {name!r}")
    if member not in names:
        raise Refusal(f"not in the archive, which holds {', '.join(names[:9])}")
    if names.count(member) > 1:
        raise Refusal("is in the archive more than once")
    info = archive.getinfo(member)
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refusal("is encrypted, or compressed by another method than deflate")
    return info


def _copy(read: Callable[[int], bytes], out: IO[bytes], limit: int) -> str:
    """Return the SHA-256 of what was copied. Raises Refusal for more than `limit` bytes."""
    digest, size = hashlib.sha256(), 0
    while block := read(BLOCK):
        size += len(block)
        if size > limit:
            raise Refusal(f"an archive bomb: becomes more than {MOST_EXPANSION} times as large")
        out.write(block)
        digest.update(block)
    return digest.hexdigest()


def _check(found: str, expected: str) -> None:
    if found != expected:
        raise Failure(f"wrong bytes: SHA-256 is {found[:12]}…, not {expected[:12]}…")
