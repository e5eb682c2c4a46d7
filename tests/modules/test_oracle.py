"""Our relocator beside ld.lld: the same objects at the same addresses give the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.abi.memory_map import MODULE_BASE
from emulator.modules import Bases, LinkedModule, Region, SegmentKind, link_module, relocate
from tests.modules import lld, sources

NEAR = Region(MODULE_BASE, MODULE_BASE + 0x20_0000)


class Built:
    """A fake kernel and the sample module, compiled with some flags."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        self.kernel_object = lld.compile_cxx(folder, "kernel", sources.KERNEL)
        self.kernel = lld.link_kernel(folder, self.kernel_object)
        module = lld.compile_cxx(folder, "sample", sources.MODULE, *flags)
        self.module = lld.link_relocatable(folder, "sample", [module])


def own_toc_calls(linked: LinkedModule) -> dict[SegmentKind, set[int]]:
    """Calls from a TOC of our own into the kernel's, and the words after them: lld knows but one TOC."""
    calls = [fixup.offset for fixup in linked.fixups if fixup.slot is not None]
    return {SegmentKind.TEXT: {at for offset in calls for at in (offset, offset + 4)}}


def compare(built: Built, bases: Bases) -> LinkedModule:
    linked = link_module(built.module, built.kernel, region=NEAR)
    placed = relocate(linked, bases, built.kernel.toc)
    oracle = lld.link_at(built.folder, built.module, linked, bases, placed.toc, built.kernel_object)
    assert not oracle.messages
    compared = 0
    masked = own_toc_calls(linked)
    for kind in SegmentKind:
        ours = placed.images[kind]
        theirs = lld.section(oracle.image, lld.output_name(kind))
        for item in linked.segments[kind].placements:
            differing = [
                f"{item.section.name}+{at - item.offset:#x}"
                for at in range(item.offset, item.offset + len(item.section.data), 4)
                if ours[at : at + 4] != theirs[at : at + 4] and at not in masked.get(kind, ())
            ]
            assert not differing
            compared += len(item.section.data)
    assert compared > 0x400
    return linked


@pytest.mark.parametrize(
    "flags",
    [(), ("-mcmodel=large",), ("-O0",), ("-Os", "-ffunction-sections", "-fdata-sections")],
    ids=["default", "large", "unoptimised", "sections"],
)
def test_same_bytes_with_the_kernels_toc(tmp_path: Path, flags: tuple[str, ...]) -> None:
    built = Built(tmp_path, *flags)
    linked = compare(built, Bases(MODULE_BASE + 0x3000, MODULE_BASE + 0x15000, MODULE_BASE + 0x7000))
    assert not linked.own_toc
    assert not linked.stubs


def test_same_bytes_with_a_toc_of_its_own(tmp_path: Path) -> None:
    built = Built(tmp_path, "-mcmodel=small")
    linked = compare(built, Bases(MODULE_BASE, MODULE_BASE + 0x10000, MODULE_BASE + 0x20000))
    assert linked.own_toc
