"""Fetching a dataset's files from the first mirror that gives them all, whole and unchanged."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from downloading.near import guesses, names_in, near_files, possible_zips, there_are
from downloading.sources import Edition, File, Form, Mirror
from downloading.transfer import Absent, Patience, Unreachable, download
from downloading.unpacking import Failure, Refusal, holds, unpack
from shared.console import StageError, log
from shared.files import sha256

_LONGEST = 2000  # characters of a reason, which a mirror may have written


class Candidate(NamedTuple):
    """A URL or a folder, and the editions to look for there; one is enough.

    Of a URL with `near`, names near upstream's are asked for, too. A folder is always looked into.
    """

    location: str
    editions: Sequence[Edition]
    near: bool = False


class Arrived(NamedTuple):
    """The fetched files, decompressed, of each table: the CSV, or images and labels as IDX."""

    train: list[Path]
    test: list[Path]


def candidates(
    mirrors: Sequence[Mirror], editions: Mapping[Form, Edition], own: str | None
) -> list[Candidate]:
    """Return where to look, in order: the user's `own` mirror, in whichever form, then the rest."""
    found = [Candidate(mirror.location, [editions[mirror.form]]) for mirror in mirrors]
    if own:
        taken_out = [edition.also_taken_out() for edition in editions.values()]
        every = dict.fromkeys(
            chain.from_iterable(zip(*taken_out, strict=True))
        )  # some are the same
        found.insert(0, Candidate(own, list(every), near=True))
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
            failures.append(_shown(f"{candidate.location}: {failure}"))
            log.warning("%s", failures[-1])
        else:
            where = _shown(candidate.location)
            log.info("%s: every file arrived, and every known SHA-256 is right", where)
            return arrived
    raise StageError(
        "no mirror gave the dataset's files\n"
        + "".join(f"  {failure}\n" for failure in failures)
        + "Use the dataset that needs no network (download.dataset=mnist-5k), or set the "
        "environment variable DATASET_MIRROR to a folder or URL that holds upstream's files "
        "(docs/datasets.md)"
    )


def _shown(text: str) -> str:
    """Return what a mirror may have written as one line, without the password of a URL."""
    text = re.sub(r"(?<=//)[^/\s]*@", "", text)
    line = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _is_url(location: str) -> bool:
    return location.startswith(("http://", "https://"))


def _fetch_any(candidate: Candidate, folder: Path, patience: Patience) -> Arrived:
    there = "" if _is_url(candidate.location) else _names_there(candidate)
    failures, absent = [], False
    for edition in candidate.editions:
        try:
            return _fetch_edition(candidate, edition, folder, patience)
        except Unreachable:
            raise
        except Failure as failure:
            failures.append(str(failure))
            absent |= isinstance(failure, Absent)
    raise Failure("; ".join(dict.fromkeys(failures)) + there * absent)


def _names_there(candidate: Candidate) -> str:
    """Return what is in a folder. Raises Refusal where there is none."""
    try:
        place = Path(candidate.location).expanduser()
        if place.is_file():
            raise Refusal("is a file; expected the folder that it is in")
        if not place.is_dir():
            raise Refusal("no such folder")
        edition = candidate.editions[0]
        wanted = (edition.archive or edition.train[0]).name
        return f"; the folder holds {there_are(names_in(place), wanted)}"
    except RuntimeError as error:  # of `~nobody`
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(error.strerror or str(error)) from error


def _fetch_edition(
    candidate: Candidate, edition: Edition, folder: Path, patience: Patience
) -> Arrived:
    get: Callable[[File], Path]
    if edition.archive:
        if _is_url(candidate.location):
            archive = _download_archive(candidate, edition.archive, folder, patience)
        else:
            archive = _find_archive(candidate, edition.archive, edition.train[0].name)
        get = partial(_take_out, archive, folder)
    else:
        get = partial(_fetch_file, candidate, folder, patience)
    return Arrived([get(file) for file in edition.train], [get(file) for file in edition.test])


def _download_archive(candidate: Candidate, file: File, folder: Path, patience: Patience) -> Path:
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)

    def get() -> None:
        download(_url(candidate, file.name), target, patience)
        if file.sha256 and sha256(target) != file.sha256:
            raise Failure(f"wrong bytes: SHA-256 is not {file.sha256[:12]}…")

    _with_patience(candidate, file.name, patience, get)
    return target


def _find_archive(candidate: Candidate, file: File, member: str) -> Path:
    """Return where the archive is: it stays there, since it may be large."""
    place = Path(candidate.location).expanduser() / file.name
    zips = (path for path in possible_zips(place) if holds(path, member))
    path = next(chain(near_files(place), zips), None)
    if path is None:
        raise Absent(f"{file.name}: no such file")
    if file.sha256 and sha256(path) != file.sha256:
        raise Refusal(f"{path.name}: wrong bytes: SHA-256 is not {file.sha256[:12]}…")
    _tell_other_name(candidate, path.name, file)
    return path


def _take_out(archive: Path, folder: Path, file: File) -> Path:
    target = folder / file.unpacked.name
    try:
        unpack(archive, target, file, member=file.name)
    except Failure as failure:
        raise Refusal(f"{archive.name}: {file.name}: {failure}") from failure
    return target


def _fetch_file(candidate: Candidate, folder: Path, patience: Patience, file: File) -> Path:
    target = folder / file.unpacked.name
    if target.exists() and file.sha256:  # from an earlier candidate, and verified
        return target
    if _is_url(candidate.location):
        _from_url(candidate, file, target, patience)
    else:
        _from_folder(candidate, file, target)
    return target


def _from_url(candidate: Candidate, file: File, target: Path, patience: Patience) -> None:
    packed = target.with_name("packed")
    packed.parent.mkdir(parents=True, exist_ok=True)

    def get(name: str) -> None:
        download(_url(candidate, name), packed, patience)
        unpack(packed, target, file if name == file.name else file.unpacked)

    failures = []
    for name in guesses(file.name) if candidate.near else [file.name]:
        try:
            _with_patience(candidate, name, patience, partial(get, name))
        except Refusal as failure:
            failures.append(failure)
        else:
            _tell_other_name(candidate, name, file)
            return
    raise failures[0]


def _url(candidate: Candidate, name: str) -> str:
    return f"{candidate.location.rstrip('/')}/{name}"


def _with_patience(
    candidate: Candidate, name: str, patience: Patience, get: Callable[[], None]
) -> None:
    for attempt in range(1, patience.attempts + 1):
        try:
            get()
            break
        except Failure as failure:
            reason = f"{name}: {failure}"
            if attempt == patience.attempts or isinstance(failure, Refusal):
                raise type(failure)(reason) from failure
            pause = patience.pause * 2 ** (attempt - 1)
            again = f"{candidate.location}: {reason}; trying again in {pause:g} s"
            log.warning("%s", _shown(again))
            time.sleep(pause)


def _from_folder(candidate: Candidate, file: File, target: Path) -> None:
    place = Path(candidate.location).expanduser() / file.name
    sources: list[tuple[Path, str | None]] = [(path, None) for path in near_files(place)]
    sources += [(path, file.name) for path in possible_zips(place) if holds(path, file.name)]
    failures: list[Refusal] = []
    for path, member in sources:
        try:
            unpack(path, target, file if path == place else file.unpacked, member)
        except Failure as failure:
            failures.append(Refusal(f"{path.name}: {failure}"))
        else:
            _tell_other_name(candidate, path.name, file)
            return
    raise failures[0] if failures else Absent(f"{file.name}: no such file")


def _tell_other_name(candidate: Candidate, name: str, file: File) -> None:
    if name != PurePosixPath(file.name).name:
        log.info("%s: %s is taken from %s", _shown(candidate.location), file.name, _shown(name))
