"""Files out of gzip and zip archives, which strangers made.

Nothing is written but the file that was asked for, and no more of it than an honest archive holds.
"""

import gzip
import hashlib
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path, PureWindowsPath
from typing import IO, cast

from downloading.near import are_near, there_are
from downloading.sources import File
from shared.files import replacing

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
BLOCK = 1 << 18

# Tables of images shrink to a fifth or a tenth, a bomb to a thousandth. What is small does no harm.
MOST_EXPANSION = 200
ALWAYS_ALLOWED = 1 << 26
_BOMB = f"an archive bomb: becomes more than {MOST_EXPANSION} times as large"
_MOST_LAYERS = 3  # a gzip in a zip in a zip

# What zipfile and gzip raise for damaged archives: of ValueError, names that are not UTF-8.
_BROKEN = (zipfile.BadZipFile, EOFError, zlib.error, struct.error, NotImplementedError, ValueError)


class Failure(Exception):  # noqa: N818 (it is the reason in an error, not the error)
    """Why a mirror did not give a file."""


class Refusal(Failure):
    """A failure that another attempt would not change."""


def unpack(source: Path, target: Path, file: File, member: str | None = None) -> None:
    """Write the file at `source`, or a `member` of the zip there, decompressed.

    Gzip and zip are told by their first bytes, whatever the name. Of a zip that stands in a file's
    place, the file is the member of its name, or the only one.

    Raises Failure if it is not there, is broken, or is not the `file` of the catalog, and Refusal
    for an archive that would do harm.
    """
    try:
        with (
            source.open("rb") as packed,
            ExitStack() as layers,
            replacing(target) as whole,
            whole.open("wb") as out,
        ):
            stream, size = _unpacked(packed, source.stat().st_size, file, member, layers)
            found = _copy(stream.read, out, _most(size))
            if file.sha256:
                _check(found, file.sha256)
    except OSError as error:
        raise Failure(error.strerror or f"wrong bytes: {error}") from error
    except _BROKEN as error:
        raise Failure(f"wrong bytes: {error}") from error


def holds(source: Path, member: str) -> bool:
    """Whether there is a zip with a member of that name, or of a near one."""
    try:
        with zipfile.ZipFile(source) as archive:
            return _find(archive, member, alone=False) is not None
    except (Refusal, OSError, *_BROKEN):
        return False


def _unpacked(
    packed: IO[bytes], size: int, file: File, member: str | None, layers: ExitStack
) -> tuple[IO[bytes], int]:
    """Return what is in all layers of zip and gzip, and how many bytes it has as it is packed."""
    stream, verified = packed, file.packed_sha256 is None
    for layer in range(_MOST_LAYERS):
        start = stream.read(len(ZIP))
        stream.seek(0)
        if start == ZIP or (member and layer == 0):
            archive = layers.enter_context(zipfile.ZipFile(stream))
            info = _find(archive, member or file.name, alone=member is None)
            size = min(info.compress_size, size)  # the first is only what the zip says
            if info.file_size > _most(size):
                raise Refusal(_BOMB)
            stream = layers.enter_context(archive.open(info))
            member = None
        elif start.startswith(GZIP):
            if file.packed_sha256:
                _check(hashlib.file_digest(stream, "sha256").hexdigest(), file.packed_sha256)  # type: ignore[arg-type]
                verified = True
                stream.seek(0)
            unzipped = layers.enter_context(gzip.GzipFile(fileobj=stream))
            stream = cast("IO[bytes]", unzipped)
        else:
            break
    if not verified:
        raise Failure("wrong bytes: not a gzip")
    return stream, size


def _find(archive: zipfile.ZipFile, member: str, *, alone: bool) -> zipfile.ZipInfo:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    for name in names:
        path = PureWindowsPath(name)  # it knows drives and both kinds of slashes
        if path.anchor or ".." in path.parts:
            raise Refusal(f"the archive has a member that would leave its folder: {name!r}")
    near = [name for name in names if are_near(name, member)]
    if member not in names and len(near) == 1:
        [member] = near
    elif alone and len(names) == 1:
        [member] = names
    if member not in names:
        raise Refusal(f"not in the archive, which holds {there_are(names, member)}")
    if names.count(member) > 1:
        raise Refusal("is in the archive more than once")
    info = archive.getinfo(member)
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refusal("is encrypted, or compressed by another method than deflate")
    return info


def _most(size: int) -> int:
    return max(MOST_EXPANSION * size, ALWAYS_ALLOWED)


def _copy(read: Callable[[int], bytes], out: IO[bytes], limit: int) -> str:
    """Return the SHA-256 of what was copied. Raises Refusal for more than `limit` bytes."""
    digest, size = hashlib.sha256(), 0
    while block := read(BLOCK):
        size += len(block)
        if size > limit:
            raise Refusal(_BOMB)
        out.write(block)
        digest.update(block)
    return digest.hexdigest()


def _check(found: str, expected: str) -> None:
    if found != expected:
        raise Failure(f"wrong bytes: SHA-256 is {found[:12]}…, not {expected[:12]}…")
