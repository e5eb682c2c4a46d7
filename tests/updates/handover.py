"""The moment in which one object's state has become another's: both are there, and have it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from emulator import Machine
from emulator.machine import Until
from tests.updates.job_mix import MILLISECOND
from tests.updates.object_state import ObjectState, StateReader

_HAND_OVER: Final = "objects::Conversion::hand_over()"
_LONGEST: Final = 64
"""Instructions of the function, at least."""
LIMIT_NS: Final = 100 * MILLISECOND


@dataclass(frozen=True)
class Handover:
    """Looks at the conversion of one object in a machine of one CPU, whichever update is under way."""

    machine: Machine
    reader: StateReader

    def wait(self, reference: str) -> tuple[ObjectState, ObjectState]:
        """The old object before it lets go, and the new one after its commit."""
        root = self.reader.root_of(reference)
        while True:
            self._run_to(self._entry)
            conversion = self.machine.cpus[0].registers["r3"]
            self._run_to(self._relinquish)
            if self.machine.cpus[0].registers["r3"] == root:
                break
        replacement = self.reader.number_in(conversion, "objects::Conversion", "m_new")
        return self.reader.read_root(root), self.reader.read_root(replacement)

    def _run_to(self, address: int) -> None:
        deadline = self.machine.virtual_ns + LIMIT_NS
        assert self.machine.run(Until(deadline_ns=deadline, cpu=0, address=address)).reached

    @cached_property
    def _entry(self) -> int:
        return self.machine.symbols.entry(_HAND_OVER)

    @cached_property
    def _relinquish(self) -> int:
        """Its second call through a virtual table is that of the old object."""
        listing = self.machine.monitor.disassemble(_HAND_OVER, _LONGEST)
        calls = [
            each.address for each in listing if each.label.startswith(_HAND_OVER) and each.text == "bctrl"
        ]
        _, relinquish = calls
        return relinquish
