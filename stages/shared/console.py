"""What a stage says: the log, and errors that are the user's to mend."""

import logging
import signal
import sys
from collections.abc import Callable

from rich.console import Console

# No emoji: they would make an icon of the place `train.csv:100:`.
console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
log = logging.getLogger("stage")


class StageError(Exception):
    """Something that the user can mend. The message names the place and the cure."""


class _ToConsole(logging.Handler):
    """Writes a record above a progress bar, if one is drawn, and never breaks its lines."""

    def emit(self, record: logging.LogRecord) -> None:
        console.print(self.format(record), markup=False)


def run(main: Callable[[], None]) -> None:
    """Run a stage's main() and exit non-zero if it did not end.

    A StageError is printed without a traceback. SIGTERM ends a stage as SIGINT does, so that
    temporary files go.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_ToConsole()])
    log.setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except StageError as error:
        console.print(f"error: {error}", style="bold red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("interrupted", style="bold red")
        sys.exit(130)
