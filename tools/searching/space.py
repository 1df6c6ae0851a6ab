"""What a search varies and what it sets, in the syntax that `dvc exp run -S` has from Hydra."""

from typing import Any, NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from shared.console import StageError

KINDS = "choice(…), range(…), interval(…), int(interval(…)) or tag(log,interval(…))"


class Space(NamedTuple):
    """The distribution of each parameter that varies, and the settings of those that do not."""

    varied: dict[str, BaseDistribution]
    fixed: list[str]


def parse_space(settings: list[str], params: dict[str, Any]) -> Space:
    """Return the space that the settings, `section.name=…`, stand for.

    Raises StageError for what is no setting or names nothing in `params`, and where nothing varies.
    """
    varied: dict[str, BaseDistribution] = {}
    fixed: list[str] = []
    for setting in settings:
        try:
            override = OverridesParser.create().parse_override(setting)
            section, _, name = override.get_key_element().partition(".")
            if name not in params.get(section, {}):
                raise StageError(f"{setting}: params.yaml has no {section}.{name}")
            if override.is_sweep_override():
                varied[f"{section}.{name}"] = _distribution(override)
            else:
                fixed.append(setting)
        except (HydraException, ValueError) as error:
            raise StageError(f"{setting}: {error}") from None
    if not varied:
        raise StageError(f"nothing varies: set a parameter to {KINDS}")
    return Space(varied, fixed)


def _distribution(override: Override) -> BaseDistribution:
    if override.is_discrete_sweep():
        return CategoricalDistribution(list(override.sweep_string_iterator()))
    interval: Any = override.value()
    kind = IntDistribution if isinstance(interval.start, int) else FloatDistribution
    return kind(interval.start, interval.end, log="log" in interval.tags)
