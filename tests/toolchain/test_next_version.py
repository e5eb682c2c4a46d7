"""A class of the kernel as the beginning of its own next version."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from emulator.errors import UsageError
from tests.system.machines import kernel
from toolchain.module import build_update
from toolchain.next_version import next_version
from toolchain.paths import installation
from toolchain.update_folder import version_files, write_folder

SOURCES = installation().kernel_sources
CLASSES = sorted(
    found
    for path in (SOURCES / "services").rglob("*.cpp")
    if path.parent.name != "tests"
    for found in re.findall(r"FactoryMadeClass (\w+)::descriptor", path.read_text(encoding="utf-8"))
)

SAMPLE = "QueuedPort"


@pytest.mark.parametrize("name", CLASSES)
def test_its_sources_are_in_the_namespace_of_their_version(name: str) -> None:
    version = next_version(name, SOURCES)
    assert (version.qualified_name, version.current, version.number) == (f"services::{name}", 1, 2)
    text = version.header + version.source
    assert "inline namespace" not in text
    assert "ClassRegistration" not in text
    assert text.count("namespace services::v2 {") == 2
    assert text.count("{") == text.count("}")
    assert f'#include "{version.stem}.h"' in version.source


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == SAMPLE else pytest.mark.matrix) for name in CLASSES]
)
def test_it_builds_as_it_is(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write_folder(folder, version_files("mine", name, installation()))
    (built,) = build_update(folder, kernel())
    assert [str(update) for update in built.metadata.updates] == [f"services::{name} v1 -> v2"]


def test_a_source_that_starts_something_is_not_copied(tmp_path: Path) -> None:
    tree = tmp_path / "guest_kernel"
    shutil.copytree(SOURCES, tree)
    (source,) = tree.rglob("queued_port.cpp")
    starts = '[[gnu::section("init_functions")]] constexpr int start = 0;\n'
    source.write_text(source.read_text(encoding="utf-8") + starts, encoding="utf-8")
    with pytest.raises(UsageError, match=r"^QueuedPort: queued_port\.cpp also starts something"):
        next_version("QueuedPort", tree)


def test_an_unknown_class_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"^the kernel has no class Part with a factory; .*QueuedPort"):
        next_version("Part", SOURCES)
