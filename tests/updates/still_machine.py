"""A machine in the middle of the job mix that is held still by its disk, and the state of objects in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from emulator import Machine
from emulator.workload import JOB_MIX
from tests.system.machines import kernel, module, ready_machine
from tests.updates.debug_types import DebugTypes
from tests.updates.job_mix import CLIENTS, MILLISECOND
from tests.updates.object_state import Difference, Field, ObjectState, StateReader
from toolchain.module import build_update
from toolchain.paths import installation

BUSY_NS: Final = 6 * MILLISECOND
STANDSTILL_NS: Final = 60 * MILLISECOND
"""By then every client waits for the disk."""
SILENCE_NS: Final = 1_000 * MILLISECOND
"""That the disk takes for a command."""
LIMIT_NS: Final = 600_000 * MILLISECOND

States = Mapping[str, ObjectState]


@cache
def modules(update: str) -> Sequence[bytes]:
    """The modules of a shipped update, in the order in which they are applied."""
    return [built.path.read_bytes() for built in build_update(installation().updates / update, kernel())]


@cache
def types() -> DebugTypes:
    """Of the shipped kernel, and of the updates of its page allocator."""
    updates = (*modules("allocator_race"), *modules("page_allocator_interface"))
    return DebugTypes(*updates, kernel().path.read_bytes())


def still_machine(seed: int, cpus: int = 2, *, keep_race: bool = False) -> Machine:
    """Every client waits, outside all objects, for a disk that takes its time."""
    machine = ready_machine(cpus)
    monitor = machine.monitor
    if not keep_race:
        monitor.apply(module("allocator_race"))
    monitor.workload_start(JOB_MIX, clients=CLIENTS, seed=seed)
    machine.run_for(BUSY_NS)
    machine.devices.disk.latency_ns = SILENCE_NS
    machine.run_for(STANDSTILL_NS)
    clients = [thread.state for thread in monitor.threads() if thread.name == "client"]
    assert clients == ["blocked"] * CLIENTS
    return machine


def states(machine: Machine, *classes: str) -> dict[str, ObjectState]:
    """Of all instances, by reference or name."""
    monitor, reader = machine.monitor, StateReader(machine, types())
    names = [each.reference for name in classes for each in monitor.instances(name)]
    return {name: reader.read(monitor.object(name).reference) for name in names}


def differences(before: States, after: States) -> dict[str, Difference]:
    """By object. All are there before and after."""
    assert list(before) == list(after)
    found = {name: before[name].differs(after[name]) for name in before}
    return {name: fields for name, fields in found.items() if fields}


def as_made(machine: Machine, class_name: str) -> list[Field]:
    """Fields, of all instances, that in none of them are other than the constructor made them."""
    fresh = _fresh(machine, class_name)
    found = states(machine, class_name).values()
    mine = [field for state in found for field in state.fields if field.is_state]
    altered = {field.name for field in mine if field.value != fresh.values.get(field.path)}
    return [field for field in mine if field.name not in altered]


def fill_in(machine: Machine, class_name: str) -> None:
    """Gives the fields that are as made another value. No structure can be made up: the job mix has to."""
    reader = StateReader(machine, types())
    for field in as_made(machine, class_name):
        assert isinstance(field.value, int)
        assert not field.holds_structure, field.path
        reader.write(field, field.value ^ 1)


@cache
def seed_of_rich_state(*classes: str) -> int:
    """The first with which the job mix leaves some instance of each class with every kind of structure."""
    for seed in range(1, 21):
        with still_machine(seed) as machine:
            if not any(field.holds_structure for name in classes for field in as_made(machine, name)):
                return seed
    raise AssertionError(f"no seed gives {classes} every structure that they can have")


def _fresh(machine: Machine, class_name: str) -> ObjectState:
    """As the class makes an object, and as a transfer finds it."""
    made = machine.monitor.create(class_name)
    state = StateReader(machine, types()).read(made)
    machine.monitor.destroy(made)
    return state
