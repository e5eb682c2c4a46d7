"""An update and its revert leave every object as it was, field by field, with syncs and faults under way.

The machine is held still by a disk that does not answer: its clients all wait outside the objects, which are
as the job mix has made them. A field that the job mix has left as its constructor made it is given another
value, so that nothing can be forgotten: a field that is added to a class and not handed over is found here.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from emulator import Machine
from emulator.abi.loader import ConversionMode
from emulator.abi.mailbox import Operation
from emulator.workload import JOB_MIX
from tests.system.machines import kernel, module, ready_machine
from tests.updates.handover import Handover
from tests.updates.identity import Identity
from tests.updates.job_mix import CLIENTS, MILLISECOND, SUBJECTS, Subject
from tests.updates.object_state import ObjectState, StateReader
from tests.updates.still_machine import (
    LIMIT_NS,
    differences,
    fill_in,
    modules,
    seed_of_rich_state,
    states,
    still_machine,
    types,
)
from tests.updates.test_identity import IDENTITIES
from toolchain.module import build_update
from toolchain.paths import installation

OF: Final = {subject.update: subject for subject in SUBJECTS}
SETTLED_NS: Final = 10 * MILLISECOND
"""Idle, so that what a lazy update has left is converted."""
ALLOCATOR: Final = "PageAllocatorKernPinned"
"""An update takes pages itself, so the allocator never comes back to what it was: see below."""


CASES: Final = [
    ("fcm_unmap", "eager"),
    ("fcm_unmap", "lazy"),
    ("file_sync", "eager"),
    ("file_sync", "lazy"),
    ("page_allocator_interface", "auto"),
]
SPREAD: Final = {"PartitionedCounter", "ProcessReplicated"}
"""Their state lies in shares of CPUs, and it is the shares' sum that a transfer keeps."""


def expect_versions(machine: Machine, subject: Subject) -> None:
    for name, version in subject.classes.items():
        assert {each.version for each in machine.monitor.instances(name)} == {version}


def there_and_back(machine: Machine, subject: Subject, mode: str) -> None:
    for image in modules(subject.update):
        machine.monitor.apply(image, mode=ConversionMode[mode.upper()])
    machine.run_for(SETTLED_NS)
    expect_versions(machine, subject)
    for name in subject.modules:
        machine.monitor.revert(name)


@pytest.mark.parametrize(("update", "mode"), CASES)
def test_every_field_comes_back(update: str, mode: str) -> None:
    subject = OF[update]
    classes = [name for name in subject.classes if name != ALLOCATOR]
    with still_machine(seed_of_rich_state(*classes)) as machine:
        for name in classes:
            fill_in(machine, name)
        before = states(machine, *classes)
        machine.run_for(MILLISECOND)
        assert differences(before, states(machine, *classes)) == {}
        there_and_back(machine, subject, mode)
        assert differences(before, states(machine, *classes)) == {}


@pytest.mark.matrix
@pytest.mark.parametrize("seed", range(1, 21))
@pytest.mark.parametrize(("update", "mode"), CASES)
def test_whatever_state_they_are_in(update: str, mode: str, seed: int) -> None:
    subject = OF[update]
    classes = [name for name in subject.classes if name != ALLOCATOR]
    with still_machine(seed) as machine:
        before = states(machine, *classes)
        there_and_back(machine, subject, mode)
        assert differences(before, states(machine, *classes)) == {}


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(each, marks=pytest.mark.matrix, id=each.name)
        for each in IDENTITIES
        if each.name not in {*SPREAD, ALLOCATOR}
    ],
)
def test_every_class_comes_back(identity: Identity) -> None:
    """Also those that no shipped update changes, and from a version whose fields lie elsewhere."""
    with still_machine(1) as machine:
        monitor = machine.monitor
        if not monitor.instances(identity.name):
            monitor.create(identity.name)
        before = states(machine, identity.name)
        assert before
        monitor.apply(identity.build(shifted=True))
        machine.run_for(SETTLED_NS)
        assert {each.version for each in monitor.instances(identity.name)} == {2}
        monitor.revert(identity.module_name)
        assert differences(before, states(machine, identity.name)) == {}


@pytest.mark.parametrize(
    "forgotten",
    [
        "m_sync.pages_written",
        pytest.param("m_sync.error", marks=pytest.mark.matrix),
        pytest.param("m_state.synchronisations", marks=pytest.mark.matrix),
    ],
)
def test_field_that_is_not_handed_over_is_found(forgotten: str, tmp_path: Path) -> None:
    """Also one that nothing in the machine has ever altered."""
    folder = shutil.copytree(installation().updates / "file_sync", tmp_path / "file_sync")
    source = folder / "fcm_file.cpp"
    text = source.read_text(encoding="utf-8")
    adopted = "    m_sync = parcel.sync;\n"
    assert text.count(adopted) == 1
    source.write_text(text.replace(adopted, f"{adopted}    {forgotten} = {{}};\n"), encoding="utf-8")
    (update,) = build_update(folder, kernel())
    with still_machine(seed_of_rich_state("FCMFile")) as machine:
        fill_in(machine, "FCMFile")
        before = states(machine, "FCMFile")
        machine.monitor.apply(update.path)
        machine.monitor.revert("file_sync")
        found = differences(before, states(machine, "FCMFile"))
    names = {path.removesuffix(".m_raw") for fields in found.values() for path in fields}
    assert names == {f"m_rep.{forgotten}"}


def of_the_allocator(state: ObjectState) -> dict[str, int | str]:
    """Its own fields and all they lead to. The class of 4.3.5 has the one before as a part."""
    mine = [field for field in state.fields if field.is_state or field.path.startswith("#")]
    return {field.path.replace("m_rep.m_pages.", "m_rep."): field.value for field in mine}


def expect_all_handed_over(old: ObjectState, new: ObjectState) -> None:
    assert of_the_allocator(new) == of_the_allocator(old)
    as_made = {field.name for field in old.fields if field.is_state}
    as_made -= {field.name for field in old.fields if field.value}
    assert as_made == set()


def used_machine() -> Machine:
    """Of one CPU, which has done some jobs. Caches are empty again: ranges of pages have merged."""
    machine = ready_machine(cpus=1)
    machine.monitor.workload_start(JOB_MIX, clients=CLIENTS, operations=2)
    assert machine.monitor.workload_wait(JOB_MIX, limit_ns=LIMIT_NS).errors == 0
    machine.monitor.drain()
    return machine


@pytest.mark.parametrize("update", ["allocator_race", "page_allocator_interface"])
def test_every_field_of_the_page_allocator_is_handed_over(update: str) -> None:
    """There and back: each time the new object has what the old one had, before anybody has taken a page."""
    with used_machine() as machine:
        monitor = machine.monitor
        if not OF[update].keep_race:
            monitor.apply(module("allocator_race"))
        handover = Handover(machine, StateReader(machine, types()))
        reference = monitor.object("page-allocator").reference
        monitor.start_apply(modules(update)[0])
        expect_all_handed_over(*handover.wait(reference))
        machine.run_for(SETTLED_NS)
        (record,) = [each for each in monitor.updates() if each.name == update]
        reference = monitor.object("page-allocator").reference
        monitor.request(Operation.REVERT, record.id)
        expect_all_handed_over(*handover.wait(reference))
