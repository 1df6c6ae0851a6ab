"""What is wrong with a table, and what is odd in it: the first places, and how many there are."""

from pathlib import Path

from preprocessing.fields import FAULTS_SHOWN, RowError
from shared.console import StageError, log


class TableFaults:
    """The faults of the table at `path`, and its rows whose pixels are all equal; rows from 1."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._faults: list[str] = []
        self._fault_count = 0
        self._equal: list[str] = []
        self._equal_count = 0

    def add_fault(self, row: int, error: RowError) -> None:
        """Note all that is wrong with a row."""
        self._fault_count += error.count
        for column, message in error.faults[: FAULTS_SHOWN - len(self._faults)]:
            self._faults.append(f"{self._path}:{row}: column {column}: {message}")

    def add_equal(self, row: int | str) -> None:
        """Note a row whose pixels are all equal."""
        self._equal_count += 1
        if len(self._equal) < FAULTS_SHOWN:
            self._equal.append(f"{row}")

    def warn(self) -> None:
        """Log which rows have pixels that are all equal, if any."""
        if self._equal_count:
            rows = ", ".join([*self._equal, *_rest(self._equal_count)])
            log.warning("%s: all pixels are equal in row %s", self._path, rows)

    @property
    def refusal(self) -> StageError | None:
        """The error with the places of the faults, if any."""
        lines = [*self._faults, *_rest(self._fault_count)]
        return StageError("\n".join(lines)) if lines else None


def _rest(count: int) -> list[str]:
    return [f"and {count - FAULTS_SHOWN:,} more"] if count > FAULTS_SHOWN else []
