"""Row 24: every class with a factory becomes its own next version under load, and the one before again.

With the same layout, and with one in which every field lies elsewhere, nothing else changes.
"""

from __future__ import annotations

from typing import Final

import pytest

from emulator import Machine
from emulator.monitor.replies import FactoryInfo
from tests.system.machines import module, ready_machine
from tests.updates.identity import Identity, NotAnIdentity, shift

FOLDERS: Final = {
    "counter": "PartitionedCounter SharedCounter",
    "files": "FileRepresentativeDisk FileSystemDisk",
    "memory": "FCMDefault FCMFile HATDefault PageAllocatorKernPinned PMLeaf PMRoot RegionDefault",
    "message": "QueuedPort",
    "process": "ProcessReplicated ProcessShared",
    "storage": "HashedBlockCache ListedBlockCache",
}
IDENTITIES: Final = [Identity(name, folder) for folder, names in FOLDERS.items() for name in names.split()]
STARTED_AT_BOOT: Final = {"KernelPagesPinned": Identity("KernelPagesPinned", "memory", "kernel_pages")}
"""Classes whose sources also start something, which a module must not do again: update 4.3.5 shows theirs."""
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


def factory(machine: Machine, identity: Identity) -> FactoryInfo:
    """That of the class."""
    return next(each for each in machine.monitor.factories() if each.class_name == identity.name)


def loaded_machine(identity: Identity) -> Machine:
    """With the shipped race fixed, unless the update is of the class that has it, and the job mix running."""
    machine = ready_machine()
    if identity.name != "PageAllocatorKernPinned":
        machine.monitor.apply(module("allocator_race"))
    machine.monitor.workload_start("job-mix", clients=2)
    machine.run_for(LOAD_NS)
    return machine


@pytest.mark.parametrize(("identity", "shifted"), CASES)
def test_nothing_changes_but_the_version(identity: Identity, shifted: bool) -> None:
    update = identity.build(shifted=shifted)
    with loaded_machine(identity) as machine:
        monitor = machine.monitor
        before = factory(machine, identity)
        assert monitor.apply(update, limit_ns=LIMIT_NS).active
        after = factory(machine, identity)
        assert (after.version, after.epoch) == (before.version + 1, before.epoch + 1)
        assert (after.old, after.failed) == (0, 0)
        assert {each.version for each in monitor.instances(identity.name)} <= {after.version}
        machine.run_for(LOAD_NS)
        assert monitor.revert(identity.module_name).state == "unloaded"
        back = factory(machine, identity)
        assert (back.version, back.epoch) == (before.version, before.epoch + 2)
        monitor.workload_stop("job-mix")
        done = monitor.workload_wait("job-mix", limit_ns=LIMIT_NS)
        assert done.errors == 0
        assert done.operations > 0


def test_every_class_with_a_factory_has_its_identity() -> None:
    with ready_machine() as machine:
        known = {each.class_name for each in machine.monitor.factories()}
    assert known == {each.name for each in IDENTITIES} | set(STARTED_AT_BOOT)


@pytest.mark.parametrize("name", STARTED_AT_BOOT)
def test_a_source_that_starts_something_is_refused(name: str) -> None:
    with pytest.raises(NotAnIdentity, match="start something at boot"):
        STARTED_AT_BOOT[name].source(shifted=False)


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
