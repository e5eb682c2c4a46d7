"""The classes that call an interface which changes: declared once, in the manifest."""

from __future__ import annotations

import pytest

from emulator.modules.elf_file import read_object
from emulator.modules.metadata import read_metadata
from tests.system.machines import kernel, ready_machine
from toolchain.module import build_update
from toolchain.paths import installation

BEFORE = {"page_allocator_interface": ("allocator_race",), "fcm_interface": ()}


@pytest.mark.parametrize("name", BEFORE)
def test_metadata_and_the_kernel_name_the_same_classes(name: str) -> None:
    """The metadata spells them as C++ does, the kernel by their last name."""
    updates = installation().updates
    module = build_update(updates / name, kernel())[0].path.read_bytes()
    declared = [(each.name, each.version) for each in read_metadata(read_object(module)).callers]
    assert declared
    with ready_machine() as machine:
        for before in BEFORE[name]:
            machine.monitor.apply(build_update(updates / before, kernel())[0].path.read_bytes())
        machine.monitor.apply(module)
        (plan,) = machine.monitor.adaptor_plans()
    seen = [(each.name, each.version) for each in plan.caller_classes]
    assert [(each.rpartition("::")[2], version) for each, version in declared] == seen
