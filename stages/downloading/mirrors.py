"""Fetching a dataset's files from the first mirror that gives them all, whole and unchanged."""

import gzip
import shutil
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import requests
from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse

from downloading.catalog import Edition, File, Form, Mirror
from shared.console import StageError, log, progress
from shared.files import replacing, sha256

GZIP = b"\x1f\x8b"
CHUNK = 1 << 18
PASSING = (408, 425, 429)  # the 4xx answers that may be another one next time


class Failure(Exception):  # noqa: N818 (it is the reason in an error, not the error)
    """Why a mirror did not give a file."""


class Refusal(Failure):
    """A failure that another attempt would not change."""


class Candidate(NamedTuple):
    """A URL or a folder, and the editions to look for there; one is enough."""

    location: str
    editions: Sequence[Edition]


class Arrived(NamedTuple):
    """The fetched files, decompressed, of each table: the CSV, or images and labels as IDX."""

    train: list[Path]
    test: list[Path]


@dataclass(frozen=True)
class Patience:
    """How long to bear with a mirror.

    A file is tried `attempts` times, with `pause` seconds before the second attempt, twice as many
    before the third, and so on. An attempt fails after `silence` seconds without a connection or
    a byte, and after as many seconds that bring fewer than `trickle` bytes.
    """

    attempts: int = 3
    pause: float = 1.0
    silence: float = 10.0
    trickle: int = 1 << 16


def candidates(
    mirrors: Sequence[Mirror], editions: Mapping[Form, Edition], own: str | None
) -> list[Candidate]:
    """Return where to look, in order: the user's `own` mirror, in whichever form, then the rest.

    A folder among `mirrors` is one that an operating system's package makes: where it is absent
    it is passed over.
    """
    found = [
        Candidate(mirror.location, [editions[mirror.form]])
        for mirror in mirrors
        if _is_url(mirror.location) or Path(mirror.location).is_dir()
    ]
    if own:
        unpacked = [edition.unpacked for edition in editions.values()]
        either = dict.fromkeys([*editions.values(), *unpacked])  # a form's two may be the same
        found.insert(0, Candidate(own, list(either)))
    return found


def fetch(choice: Sequence[Candidate], folder: Path, patience: Patience) -> Arrived:
    """Put one edition's files into `folder`, decompressed and verified, and return their paths.

    Raises StageError with every candidate's failure when none gives a whole edition.
    """
    failures = []
    for candidate in choice:
        try:
            arrived = _fetch_any(candidate, folder, patience)
        except Failure as failure:
            failures.append(f"{candidate.location}: {failure}")
            log.warning("%s", failures[-1])
        else:
            log.info("%s: every file arrived, and its SHA-256 is right", candidate.location)
            return arrived
    raise StageError(
        "no mirror gave the dataset's files\n"
        + "".join(f"  {failure}\n" for failure in failures)
        + "Use the dataset that needs no network (download.dataset=mnist-5k), or set the "
        "environment variable DATASET_MIRROR to a folder or URL that holds upstream's files "
        "(docs/datasets.md)"
    )


def _is_url(location: str) -> bool:
    return location.startswith(("http://", "https://"))


def _fetch_any(candidate: Candidate, folder: Path, patience: Patience) -> Arrived:
    refusals = []
    for edition in candidate.editions:
        try:
            return Arrived(
                *(
                    [_fetch_file(candidate.location, file, folder, patience) for file in files]
                    for files in edition
                )
            )
        except Refusal as refusal:
            refusals.append(str(refusal))
    raise Refusal("; ".join(refusals))


def _fetch_file(location: str, file: File, folder: Path, patience: Patience) -> Path:
    target = folder / file.unpacked.name
    if target.exists():  # from an earlier candidate, so it is verified
        return target
    for attempt in range(1, patience.attempts + 1):
        try:
            _try_file(location, file, target, patience)
            break
        except Failure as failure:
            reason = f"{file.name}: {failure}"
            if attempt == patience.attempts or isinstance(failure, Refusal):
                raise type(failure)(reason) from failure
            pause = patience.pause * 2 ** (attempt - 1)
            log.warning("%s: %s; trying again in %g s", location, reason, pause)
            time.sleep(pause)
    return target


def _try_file(location: str, file: File, target: Path, patience: Patience) -> None:
    if _is_url(location):
        packed = target.with_name("packed")
        _download(f"{location.rstrip('/')}/{file.name}", packed, patience)
        _unpack(packed, target, file.sha256)
    else:
        try:
            _unpack(Path(location).expanduser() / file.name, target, file.sha256)
        except Failure as failure:
            raise Refusal(str(failure)) from failure


def _download(url: str, target: Path, patience: Patience) -> None:
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    # Bytes as they are stored: `Content-Encoding` is neither asked for nor undone.
    ask = {"Accept-Encoding": "identity"}
    try:
        with (
            requests.get(url, stream=True, timeout=patience.silence, headers=ask) as response,
            progress("{task.description}", *columns) as bar,
            target.open("wb") as file,
        ):
            _check_status(response)
            task = bar.add_task(url.rpartition("/")[2], total=response.raw.length_remaining)
            for chunk in _chunks(response.raw, patience):
                file.write(chunk)
                bar.advance(task, len(chunk))
    except (requests.RequestException, HTTPError) as error:
        raise Failure(_reason(error, patience)) from error


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status != requests.codes.ok:
        kind = Refusal if 400 <= status < 500 and status not in PASSING else Failure
        raise kind(f"HTTP {status} {response.reason}")


def _chunks(body: BaseHTTPResponse, patience: Patience) -> Iterator[bytes]:
    """Yield bytes as they come: read() would wait for a whole chunk, and never see a trickle."""
    received, due = 0, time.monotonic() + patience.silence
    while chunk := body.read1(CHUNK):
        yield chunk
        received += len(chunk)
        if time.monotonic() > due:
            if received < patience.trickle:
                raise Failure(f"too slow: {received} bytes in {patience.silence:g} s")
            received, due = 0, time.monotonic() + patience.silence


def _reason(error: Exception, patience: Patience) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience.silence:g} s"
    if isinstance(error, requests.ReadTimeout | ReadTimeoutError):
        return f"no byte within {patience.silence:g} s"
    cause: BaseException = error
    while cause.__context__:
        cause = cause.__context__
    said = getattr(cause, "strerror", None) or str(cause)
    return f"cut off: {said}" if isinstance(error, ProtocolError) else said


def _unpack(source: Path, target: Path, expected: str | None) -> None:
    try:
        with source.open("rb") as file:
            gzipped = file.read(len(GZIP)) == GZIP
    except OSError as error:
        raise Failure(error.strerror) from error
    with replacing(target) as whole:
        try:
            with (gzip.open if gzipped else open)(source, "rb") as inside, whole.open("wb") as out:
                shutil.copyfileobj(inside, out)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise Failure(f"wrong bytes: {error}") from error
        found = sha256(whole)
        if expected and found != expected:
            raise Failure(f"wrong bytes: SHA-256 is {found[:12]}…, not {expected[:12]}…")
