"""What a stage says: the log, and errors that are the user's to mend."""

import errno
import logging
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

# No emoji: they would make an icon of the place `train.csv:100:`.
console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
log = logging.getLogger("stage")


class StageError(Exception):
    """Something that the user can mend. The message names the place and the cure."""


class ParameterError(StageError):
    """A fault of the parameters themselves, which no other machine or moment would mend."""


class _ToConsole(logging.Handler):
    """Writes a record above a progress bar, if one is drawn, and never breaks its lines."""

    def emit(self, record: logging.LogRecord) -> None:
        console.print(_plain(self.format(record)), markup=False)


_CURES = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there",
    errno.EACCES: "give yourself the right to it",
    errno.EPERM: "give yourself the right to it",
    errno.EROFS: "work where you may write",
    errno.EISDIR: "move the folder away",
    errno.ENOTDIR: "move the file away that stands where a folder should",
    errno.EEXIST: "move the file away that stands where a folder should",
}
# What a terminal would obey, in a name or in whatever else others have written.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NUMBERS = {os.strerror(number): number for number in errno.errorcode}
# How TensorFlow says what happened to a file.
_TENSORFLOW_S = re.compile(r"(?:\{\{.*?\}\} )?(?P<place>.+?); (?P<what>[^\n;\[]+)")


def run(main: Callable[[], None], if_memory_is_short: str = "end what else takes it") -> None:
    """Run a stage's main() and exit non-zero if it did not end.

    A StageError is printed without a traceback. So is what the machine refuses: a file, room on a
    disk, memory, for which the caller may have a cure. A ParameterError also makes the file that
    the environment's PARAMETERS_REFUSED names, for who started the stage through dvc, which hands
    on no exit status. SIGTERM ends a stage as SIGINT does, so that temporary files go.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_ToConsole()])
    log.setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        console.print("interrupted", style="bold red")
        sys.exit(130)
    except Exception as error:
        said = _said(error, if_memory_is_short)
        if said is None:
            raise
        console.print(f"error: {_plain(said)}", style="bold red", markup=False)
        if isinstance(error, ParameterError) and (note := os.environ.get("PARAMETERS_REFUSED")):
            Path(note).touch()
        sys.exit(1)


def _said(error: Exception, if_memory_is_short: str) -> str | None:
    """Return what is to be told of an error that is no fault of the program, or None."""
    if isinstance(error, StageError):
        return str(error)
    if isinstance(error, OSError):
        return _of_file(error)
    tensorflow_s = type(error).__module__ == "tensorflow.python.framework.errors_impl"
    found = _TENSORFLOW_S.match(str(error)) if tensorflow_s else None
    if found and (number := _NUMBERS.get(found["what"].strip())):
        return _of_file(OSError(number, os.strerror(number), found["place"]))
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        what = ": ".join(["memory is short", *str(error).splitlines()[:1]])
        return f"{what}; {if_memory_is_short}"
    return None


def _plain(text: str) -> str:
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def _of_file(error: OSError) -> str:
    place = error.filename2 or error.filename
    what = f"{place}: {error.strerror}" if place else str(error)
    return "; ".join([what, *filter(None, [_CURES.get(error.errno or 0)])])
