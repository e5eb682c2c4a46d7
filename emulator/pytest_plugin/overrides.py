"""What pytest's command line says about every machine of the run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

_SEED = "--machine-seed"
_POLICY = "--machine-policy"


@dataclass(frozen=True)
class Overrides:
    """None: as the test or the scenario says."""

    seed: int | None
    policy: str | None


def add_options(parser: pytest.Parser) -> None:
    """Announces the options."""
    group = parser.getgroup("evergreen", "Evergreen's machines")
    group.addoption(_SEED, type=int, metavar="N", help="seed of every machine, 0 to 2**64-1")
    group.addoption(_POLICY, metavar="POLICY", help="round-robin, random or script:FILE, of every machine")


def overrides(config: pytest.Config) -> Overrides:
    """As they were given."""
    return Overrides(config.getoption(_SEED), config.getoption(_POLICY))


def as_options(seed: int, policy: str) -> str:
    """The options that give every machine this seed and policy."""
    return f"{_SEED}={seed} {_POLICY}={policy}"
