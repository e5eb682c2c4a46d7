"""The marker ``machine``: how the fixture of a test is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from emulator.errors import GuestError, UsageError

if TYPE_CHECKING:
    from emulator.pytest_plugin.overrides import Overrides
    from emulator.system import Machine

MARKER: Final = "machine(cpus, memory, seed, quantum, policy, checkpoint): how the fixture `machine` is built"
_BUILT: Final = frozenset({"cpus", "memory", "seed", "quantum", "policy"})
_OF_CHECKPOINT: Final = frozenset({"checkpoint", "seed", "quantum", "policy"})
_ALL: Final = _BUILT | _OF_CHECKPOINT


@dataclass(frozen=True)
class Settings:
    """What the marker says, and the command line over it; what neither says is SystemConfig's default."""

    said: dict[str, Any]
    folder: Path
    """What the checkpoint's path is relative to: the test file's."""

    @classmethod
    def of(cls, node: pytest.Item, overrides: Overrides) -> Settings:
        """Of a test; the marker nearest to it decides each key. Raises UsageError for what no marker says."""
        said: dict[str, Any] = {}
        for marker in reversed(list(node.iter_markers("machine"))):
            if marker.args:
                raise UsageError("the marker `machine` takes keywords only, such as machine(cpus=4, seed=7)")
            said.update(marker.kwargs)
        given = {"seed": overrides.seed, "policy": overrides.policy}
        said.update({name: value for name, value in given.items() if value is not None})
        _check(said)
        return cls(said, node.path.parent)

    def make(self) -> Machine:
        """A machine that is ready. Raises EvergreenError."""
        return self._restored() if "checkpoint" in self.said else self._booted()

    def _booted(self) -> Machine:
        from emulator import Machine, SystemConfig
        from emulator.machine import StopReason

        machine = Machine(SystemConfig(**self._built()))
        stop = machine.run_until_ready()
        if stop.reason is not StopReason.READY:
            console = machine.console
            machine.close()
            raise GuestError(f"the kernel did not get ready: {stop.reason.value} {stop.message}\n{console}")
        return machine

    def _built(self) -> dict[str, Any]:
        from emulator.scenario.values import Size

        memory = self.said.get("memory")
        if memory is None:
            return self.said
        try:
            return {**self.said, "memory": Size().read(memory)}
        except ValueError:
            raise UsageError(f"the marker `machine`: memory={memory!r} is not {Size.allowed}") from None

    def _restored(self) -> Machine:
        from emulator import Checkpoint, Machine

        path = self.folder / self.said["checkpoint"]
        machine = Machine.from_checkpoint(Checkpoint.read(path))
        if len(self.said) > 1:
            policy = self.said.get("policy", machine.hardware.policy.name)
            machine.use_policy(policy, seed=self.said.get("seed"), quantum=self.said.get("quantum"))
        return machine


def _check(said: Iterable[str]) -> None:
    restored = "checkpoint" in said
    allowed = _OF_CHECKPOINT if restored else _BUILT
    for name in said:
        if name in _BUILT - allowed:
            raise UsageError(f"the marker `machine`: {name} is that of the checkpoint")
        if name not in allowed:
            raise UsageError(f"the marker `machine`: {name} is not one of {', '.join(sorted(_ALL))}")
