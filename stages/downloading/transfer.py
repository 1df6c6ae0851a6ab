"""One file from a URL: whole, of a bounded size, and within the patience for its mirror."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from downloading.unpacking import Failure, Refusal
from watching.progress import progress

CHUNK = 1 << 18
PASSING = (408, 425, 429)  # the 4xx answers that may be another one next time
MOST_BYTES = 4 << 30  # of a download; the catalog's largest has 562 MB


class Unreachable(Failure):
    """A mirror that no other file need be asked of."""


class Absent(Refusal):
    """A file that is not where it was looked for."""


@dataclass(frozen=True)
class Patience:
    """How long to bear with a mirror.

    A file is tried `attempts` times, with `pause` seconds before the second attempt, twice as many
    before the third, and so on. An attempt fails after `silence` seconds without a connection or
    a byte, after three times as many without a whole answer's head, and then after as many that
    bring fewer than `trickle` bytes.
    """

    attempts: int = 3
    pause: float = 1.0
    silence: float = 10.0
    trickle: int = 1 << 16


def download(url: str, target: Path, patience: Patience) -> None:
    """Write what is at the URL to `target`. Raises Failure, or a kind of it."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    try:
        with (
            _hurried(patience) as tell,
            _asked(url, patience) as response,
            progress("{task.description}", *columns) as bar,
            target.open("wb") as file,
        ):
            _check_status(response)
            tell(0)
            size = response.raw.length_remaining
            _check_size(size or 0)
            task = bar.add_task(url.rpartition("/")[2], total=size)
            # Bytes as they come: read() would wait for a whole chunk.
            while chunk := response.raw.read1(CHUNK):
                file.write(chunk)
                _check_size(file.tell())
                tell(len(chunk))
                bar.advance(task, len(chunk))
    except (requests.RequestException, HTTPError) as error:
        kind = Unreachable if isinstance(error, requests.ConnectionError) else Failure
        raise kind(_reason(error, patience)) from error


def _asked(url: str, patience: Patience) -> requests.Response:
    # Bytes as they are stored: `Content-Encoding` is neither asked for nor undone.
    ask = {"Accept-Encoding": "identity"}
    try:
        return requests.get(url, stream=True, timeout=patience.silence, headers=ask)
    except (requests.RequestException, HTTPError):
        raise
    except ValueError as error:  # an address, perhaps of a redirect, that is none
        raise Refusal(f"not an address: {error}") from error
    except OSError as error:  # the file of certificates that a variable names
        raise Refusal(f"{error} (REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE)") from error


@contextmanager
def _hurried(patience: Patience) -> Iterator[Callable[[int], None]]:
    """Raise Failure, wherever it waits, unless enough bytes are told of in time.

    The timeout of a socket begins anew with each byte, so heads, or the lines between chunks, could
    go on for ever.
    """
    received = -1

    def tell(count: int) -> None:
        nonlocal received
        if received < 0:  # the head is there
            received = 0
            signal.setitimer(signal.ITIMER_REAL, patience.silence, patience.silence)
        received += count

    def check(*_: object) -> None:
        nonlocal received
        if received < 0:
            raise Failure(f"no answer within {3 * patience.silence:g} s")
        if received < patience.trickle:
            raise Failure(f"too slow: {received} bytes in {patience.silence:g} s")
        received = 0

    before = signal.signal(signal.SIGALRM, check)
    signal.setitimer(signal.ITIMER_REAL, 3 * patience.silence)
    try:
        yield tell
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        most = f"{MOST_BYTES / 2**30:g} GiB"
        raise Refusal(f"more than {most}; fetch it yourself, and name its folder")


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status != requests.codes.ok:
        kind = Absent if 400 <= status < 500 and status not in PASSING else Failure
        raise kind(f"HTTP {status} {response.reason}")


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
