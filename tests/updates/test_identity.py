"""Row 24: every class with a factory becomes its own next version under load, and the one before again.

With the same layout, and with one in which every field lies elsewhere, nothing else changes.
"""

from __future__ import annotations

from typing import Final

import pytest

from emulator import Machine
from emulator.monitor.replies import FactoryInfo
from tests.system.machines import module, ready_machine
from tests.updates.identity import Identity, NotAnIdentity, identities, shift

IDENTITIES: Final = identities()
SAMPLE: Final = {"FCMFile", "ProcessReplicated", "RegionDefault"}
CASES: Final = [
    pytest.param(
        identity,
        shifted,
        marks=() if shifted and identity.name in SAMPLE else pytest.mark.matrix,
        id=f"{identity.name}-{'shifted' if shifted else 'same'}",
    )
    for identity in IDENTITIES
    for shifted in (False, True)
]
LIMIT_NS: Final = 5_000_000_000
LOAD_NS: Final = 1_000_000
ATTEMPTS: Final = 8


def factory(machine: Machine, identity: Identity) -> FactoryInfo:
    """That of the class."""
    return next(each for each in machine.monitor.factories() if each.class_name == identity.name)


def put_to_use(machine: Machine, identity: Identity) -> None:
    """A class that another one of its kind stands for takes its place."""
    monitor = machine.monitor
    info = factory(machine, identity)
    if info.current or info.default:
        return
    kinds = {each.class_name: each.kind for each in monitor.factories()}
    named = [each.name for each in monitor.objects() if each.name and kinds.get(each.class_name) == info.kind]
    if named:
        monitor.swap(named[0], identity.name)
    else:
        monitor.set_default_factory(info.kind, identity.name)


def loaded_machine(identity: Identity) -> Machine:
    """With the shipped race fixed, unless the update is of the class that has it, and the job mix running."""
    machine = ready_machine()
    if identity.name != "PageAllocatorKernPinned":
        machine.monitor.apply(module("allocator_race"))
    put_to_use(machine, identity)
    machine.monitor.workload_start("job-mix", clients=4)
    machine.run_for(LOAD_NS)
    return machine


def run_to_an_instance(machine: Machine, identity: Identity) -> None:
    """Until the clients have made one."""
    for _ in range(200):
        if factory(machine, identity).current:
            return
        machine.run_for(LOAD_NS // 50)
    raise AssertionError(f"no instance of {identity.name}")


def there_and_back(machine: Machine, identity: Identity, update: bytes) -> int:
    """Under load; how many instances were converted."""
    monitor = machine.monitor
    before = factory(machine, identity)
    record = monitor.apply(update, limit_ns=LIMIT_NS)
    assert record.active
    after = factory(machine, identity)
    assert (after.version, after.epoch) == (before.version + 1, before.epoch + 1)
    assert (after.old, after.failed) == (0, 0)
    assert {each.version for each in monitor.instances(identity.name)} <= {after.version}
    converted = next(each.converted for each in monitor.updates() if each.id == record.id)
    machine.run_for(LOAD_NS)
    assert monitor.revert(identity.module_name).state == "unloaded"
    back = factory(machine, identity)
    assert (back.version, back.epoch) == (before.version, before.epoch + 2)
    return converted


@pytest.mark.parametrize(("identity", "shifted"), CASES)
def test_nothing_changes_but_the_version(identity: Identity, shifted: bool) -> None:
    """The update is made again until it has met instances: those of some classes live for a moment only."""
    update = identity.build(shifted=shifted)
    with loaded_machine(identity) as machine:
        monitor = machine.monitor
        for _ in range(ATTEMPTS):
            run_to_an_instance(machine, identity)
            if converted := there_and_back(machine, identity, update):
                break
        assert converted
        monitor.workload_stop("job-mix")
        done = monitor.workload_wait("job-mix", limit_ns=LIMIT_NS)
        assert done.errors == 0
        assert done.operations > 0


def test_every_class_with_a_factory_has_its_identity() -> None:
    with ready_machine() as machine:
        known = [each.class_name for each in machine.monitor.factories()]
    assert sorted(known) == [each.name for each in IDENTITIES]


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda each: each.name)
def test_each_can_be_made_with_the_same_layout_and_with_a_shifted_one(identity: Identity) -> None:
    same = identity.source(shifted=False)
    assert "m_shifted" not in same
    assert identity.source(shifted=True).count("m_shifted") > 0


def test_a_source_that_starts_something_is_refused() -> None:
    with pytest.raises(NotAnIdentity, match="start something at boot"):
        Identity("KernelPagesPinned", "services/memory/kernel_pages").source(shifted=False)


def test_every_field_is_shifted_and_nothing_else() -> None:
    lines = [
        "    explicit X(Root& root);",
        "    int64_t m_count = 0;",
        "    Bucket m_buckets[buckets];",
        "    m_count = 1;",
    ]
    assert shift("\n".join(lines)).splitlines() == [
        "    explicit X(Root& root);",
        "    [[maybe_unused]] uint64_t m_shifted_1[3] = {};",
        "    int64_t m_count = 0;",
        "    [[maybe_unused]] uint64_t m_shifted_2[5] = {};",
        "    Bucket m_buckets[buckets];",
        "    m_count = 1;",
    ]
