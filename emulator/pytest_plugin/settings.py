"""The marker ``machine``: how the fixture of a test is built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from emulator.errors import UsageError

if TYPE_CHECKING:
    from emulator.pytest_plugin.overrides import Overrides
    from emulator.system import Machine

MARKER: Final = "machine(cpus, memory, seed, quantum, policy, checkpoint): how the fixture `machine` is built"
_BUILT: Final = frozenset({"cpus", "memory", "seed", "quantum", "policy"})
_OF_CHECKPOINT: Final = frozenset({"checkpoint", "seed", "quantum", "policy"})


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
        allowed = _OF_CHECKPOINT if "checkpoint" in said else _BUILT
        for name in said:
            if name not in allowed:
                raise UsageError(
                    f"the marker `machine`: {name} is not one of {', '.join(sorted(allowed))}"
                    + (" (the checkpoint has the rest)" if name in _BUILT else "")
                )
        return cls(said, node.path.parent)

    def make(self) -> Machine:
        """A machine that is ready. Raises EvergreenError."""
        return self._restored() if "checkpoint" in self.said else self._booted()

    def _booted(self) -> Machine:
        from emulator.machine import StopReason
        from emulator.scenario.values import Size
        from emulator.system import Machine
        from emulator.system_config import SystemConfig

        said = dict(self.said)
        if isinstance(said.get("memory"), str):
            said["memory"] = Size().read(said["memory"])
        machine = Machine(SystemConfig(**said))
        stop = machine.run_until_ready()
        if stop.reason is not StopReason.READY:
            text = f"the kernel did not start: {stop.reason.value} {stop.message}\n{machine.console}"
            machine.close()
            raise UsageError(text)
        return machine

    def _restored(self) -> Machine:
        from emulator.checkpoint import Checkpoint
        from emulator.system import Machine

        path = self.folder / self.said["checkpoint"]
        machine = Machine.from_checkpoint(Checkpoint.read(path))
        if len(self.said) > 1:
            machine.use_policy(
                self.said.get("policy", machine.hardware.policy.name),
                seed=self.said.get("seed"),
                quantum=self.said.get("quantum"),
            )
        return machine
