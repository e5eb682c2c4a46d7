"""Whether a scenario's run met the race that the kernel ships with: it is traced, which changes nothing."""

from __future__ import annotations

from typing import Final

from emulator import Machine
from emulator.errors import GuestError
from emulator.machine import Stop, Until
from emulator.scenario.runner import system_config
from emulator.scenario.scenario import Scenario
from emulator.scenario.session import Session
from tests.system.machines import kernel

MAKES_DESCRIPTORS: Final = "services::v1::PageAllocatorKernPinned::get_next_for_mdh"


class TracedMachine(Machine):
    """Keeps what the function returns on one CPU."""

    traced_cpu: int
    exits: tuple[int, ...] = ()
    results: list[int]

    def find_exits(self) -> None:
        """Once the kernel is ready; from here on it is traced."""
        listing = self.monitor.disassemble(MAKES_DESCRIPTORS, 256)
        name = listing[0].label.partition("+")[0]
        self.exits = tuple(
            each.address for each in listing if each.label.startswith(name) and each.text == "blr"
        )

    def run(self, until: Until | None = None) -> Stop:
        """As the base class, past the function's exits."""
        if not self.exits:
            return super().run(until)
        (exit_address,) = self.exits
        deadline = None if until is None else until.deadline_ns
        while True:
            stop = super().run(Until(deadline_ns=deadline, cpu=self.traced_cpu, address=exit_address))
            if not stop.reached:
                return stop
            cpu = self.cpus[self.traced_cpu]
            self.results.append(cpu.registers["r3"])
            super().run(Until(cpu=self.traced_cpu, instructions=cpu.instructions + 1))


def given_out_twice(scenario: Scenario) -> bool:
    """Whether two CPUs got the same descriptor."""
    results: list[int] = []
    for cpu in range(scenario.machine.cpus):
        config = system_config(scenario, kernel())
        with TracedMachine(config) as machine:
            machine.traced_cpu, machine.results = cpu, results
            session = Session(
                machine,
                scenario.folder,
                config.seed_of_workload,
                keep_race=True,
                kernel=kernel(),
            )
            try:
                for step in scenario.steps:
                    session.do(step)
                    if not machine.exits:
                        machine.find_exits()
            except GuestError:
                pass  # the race has shown itself
    return len(set(results)) < len(results)
