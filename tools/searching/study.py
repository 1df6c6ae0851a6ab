"""A search's memory: an Optuna study in SQLite, from which several processes may take trials."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import TrialState

from shared.console import StageError
from shared.lock import locked


class Claim(NamedTuple):
    """A trial for this process alone, for as long as `lock` is open, here or in a child."""

    number: int
    params: dict[str, Any]
    lock: IO[str]


class Trials:
    """The trials of the study `name` in `database`; the locks on them lie in the folder `locks`.

    A new study remembers its settings and the commit that it runs.
    """

    def __init__(self, database: Path, name: str, locks: Path) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.locks = locks
        self.locks.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self.study = optuna.create_study(
                storage=f"sqlite:///{database}",
                study_name=name,
                direction="maximize",
                load_if_exists=True,
            )

    def begin(self, settings: list[str], last_commit: Callable[[], str]) -> str:
        """Return the commit that all trials run: the last one when the study began.

        Raises StageError if it began with other settings.
        """
        with self._alone():
            origin = self.study.user_attrs.get("origin")
            if not origin:
                origin = {"settings": sorted(settings), "commit": last_commit()}
                self.study.set_user_attr("origin", origin)
        if origin["settings"] != sorted(settings):
            raise StageError(
                f"{self.study.study_name} began with other settings, and its trials cannot be "
                f"compared with these; name another study, or repeat {origin['settings']}"
            )
        return str(origin["commit"])

    def claim(self, space: dict[str, BaseDistribution], most: int) -> Claim | None:
        """Return an interrupted trial to go on with or, up to `most` in all, a new one, or None.

        What is asked depends on nothing but the trials before, so an interruption changes nothing.
        """
        with self._alone():
            for trial in self.study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
                if lock := self._lock(trial.number):
                    if trial.params.keys() == space.keys():
                        return Claim(trial.number, trial.params, lock)
                    self.study.tell(trial.number, state=TrialState.FAIL)  # not even asked
            number = len(self.study.trials)
            if number >= most or not (lock := self._lock(number)):
                return None
            self.study.sampler = optuna.samplers.TPESampler(seed=number)
            return Claim(number, self.study.ask(space).params, lock)

    def tell(self, number: int, value: float | None) -> None:
        """Record what a trial came to; None if it failed."""
        self.study.tell(number, value, state=TrialState.FAIL if value is None else None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process opens a study or claims a trial."""
        with (self.locks / "lock").open("w") as file:
            locked(file, wait=True)
            yield

    def _lock(self, number: int) -> IO[str] | None:
        """Return the trial's lock, or None while another process has it."""
        file = (self.locks / f"{self.study.study_name}-{number}").open("w")
        if locked(file):
            return file
        file.close()
        return None
