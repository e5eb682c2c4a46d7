"""Of every test the report says what it varied: the table of the matrix is made from that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest

from tests.guest.support import Schedule

_PLAIN: Final = {"cpus": "cpus", "clients": "clients", "mode": "mode", "policy": "policy", "seed": "seed"}
"""Parameters whose values are reported as they are, and under which name."""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("matrix") is not None:
            item.user_properties.append(("matrix", "yes"))
        callspec = getattr(item, "callspec", None)
        if callspec is not None:
            item.user_properties.extend(_varied(callspec.params))


def _varied(parameters: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in parameters.items():
        if name in _PLAIN and isinstance(value, int | str):
            yield _PLAIN[name], value
        elif isinstance(value, Schedule):
            yield "policy", "round-robin" if value.seed is None else "random"
            if value.seed is not None:
                yield "seed", value.seed
            if value.hold_after is not None:
                yield "policy", "held"
        elif name == "offsets":
            yield "policy", "held"
        elif name == "seeds":
            yield from (("seed", seed) for seed in value)
