"""Fetching a dataset's files from the first mirror that gives them all, whole and unchanged."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import requests
from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse

from downloading.sources import Edition, File, Form, Mirror
from downloading.unpacking import Failure, Refusal, unpack
from shared.console import StageError, log
from shared.files import sha256
from watching.progress import progress

CHUNK = 1 << 18
PASSING = (408, 425, 429)  # the 4xx answers that may be another one next time


class Unreachable(Failure):
    """A mirror that no other file need be asked of."""


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
    """Return where to look, in order: the user's `own` mirror, in whichever form, then the rest."""
    found = [Candidate(mirror.location, [editions[mirror.form]]) for mirror in mirrors]
    if own:
        unpacked = [edition.however_unpacked() for edition in editions.values()]
        every = dict.fromkeys(chain.from_iterable(zip(*unpacked, strict=True)))  # some are the same
        found.insert(0, Candidate(own, list(every)))
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
            log.info("%s: every file arrived, and every known SHA-256 is right", candidate.location)
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
    if not _is_url(candidate.location):
        place = Path(candidate.location).expanduser()
        if place.is_file():
            raise Refusal("is a file; expected the folder that it is in")
        if not place.is_dir():
            raise Refusal("no such folder")
    failures = []
    for edition in candidate.editions:
        try:
            return _fetch_edition(candidate.location, edition, folder, patience)
        except Unreachable:
            raise
        except Failure as failure:
            failures.append(str(failure))
    raise Failure("; ".join(failures))


def _fetch_edition(location: str, edition: Edition, folder: Path, patience: Patience) -> Arrived:
    get: Callable[[File], Path]
    if edition.archive:
        archive = _fetch_archive(location, folder, patience, edition.archive)
        get = partial(_take_out, archive, folder)
    else:
        get = partial(_fetch_file, location, folder, patience)
    return Arrived([get(file) for file in edition.train], [get(file) for file in edition.test])


def _fetch_archive(location: str, folder: Path, patience: Patience, file: File) -> Path:
    """Return where the archive is: one in a folder stays there, since it may be large."""
    if _is_url(location):
        return _fetch_file(location, folder, patience, file)
    path = Path(location).expanduser() / file.name
    if not path.is_file():
        raise Refusal(f"{file.name}: no such file")
    if file.sha256 and sha256(path) != file.sha256:
        raise Refusal(f"{file.name}: wrong bytes: SHA-256 is not {file.sha256[:12]}…")
    return path


def _take_out(archive: Path, folder: Path, file: File) -> Path:
    target = folder / file.unpacked.name
    try:
        unpack(archive, target, file, member=file.name)
    except Failure as failure:
        raise Refusal(f"{archive.name}: {file.name}: {failure}") from failure
    return target


def _fetch_file(location: str, folder: Path, patience: Patience, file: File) -> Path:
    target = folder / file.unpacked.name
    if target.exists() and file.sha256:  # from an earlier candidate, and verified
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
        packed.parent.mkdir(parents=True, exist_ok=True)
        _download(f"{location.rstrip('/')}/{file.name}", packed, patience)
        unpack(packed, target, file)
    else:
        try:
            unpack(Path(location).expanduser() / file.name, target, file)
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
        kind = Unreachable if isinstance(error, requests.ConnectionError) else Failure
        raise kind(_reason(error, patience)) from error


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
