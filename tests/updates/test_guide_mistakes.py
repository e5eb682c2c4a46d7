"""The update author's guide says what each mistake is answered with: made on purpose, each is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from emulator.errors import EvergreenError
from tests.system.machines import kernel, module, ready_machine
from toolchain.module import build_update
from toolchain.paths import installation
from toolchain.update_folder import version_files, write_folder

GUIDE: Final = (installation().root / "docs" / "update-guide.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Mistake:
    """What stands in which file instead, and which words of the guide are the answer."""

    file: str
    right: str
    wrong: str
    answer: str
    reverted: bool = False
    """It is applied without a complaint."""


def of_other_format(function: str) -> tuple[str, str]:
    """What the root says when asked for ``imports`` or ``exports``, right and wrong."""
    head = f"objects::FormatList {function}() const override {{"
    other = 'static constexpr objects::Format other[] = {{"port.other/1"}};'
    return (
        f"{head} return objects::FormatList::of(port_formats)",
        f"{head} {other} return objects::FormatList::of(other)",
    )


MISTAKES: Final = {
    "version in the manifest": Mistake(
        "update.toml", "to = 2", "to = 3", "class services::QueuedPort: version 3 cannot follow 1"
    ),
    "version in the source": Mistake(
        "queued_port.cpp",
        '"Port", 2',
        '"Port", 3',
        "class QueuedPort is at version 1: version 2 can follow, this update brings 3",
    ),
    "class in the manifest": Mistake(
        "update.toml",
        "services::QueuedPort",
        "services::Port",
        "update.toml names class services::Port, which the module does not have",
    ),
    "entry": Mistake("mine.cpp", 'extern "C" ', "", "no entry function module_init"),
    "undefined": Mistake(
        "mine.cpp",
        'extern "C" kernel::Status module_init()\n{\n',
        'void nowhere();\nextern "C" kernel::Status module_init()\n{\n    nowhere();\n',
        "undefined symbol nowhere()",
    ),
    "no factory": Mistake(
        "queued_port.cpp",
        "objects::FactoryMadeClass QueuedPort::descriptor\n    = objects::factory_class",
        "objects::ClassDescriptor QueuedPort::descriptor\n    = objects::standard_class",
        "the class has no factory",
    ),
    "imports": Mistake(
        "queued_port.h",
        *of_other_format("imports"),
        "of class QueuedPort could not be brought to version 2: no common transfer format",
    ),
    "exports": Mistake(
        "queued_port.h",
        *of_other_format("exports"),
        "of class QueuedPort could not be brought to version 1: no common transfer format",
        reverted=True,
    ),
    "size": Mistake("queued_port.h", "return objects::parcel_size<const PortState*>(1)", "return 0",
                    "too large", reverted=True),
}  # fmt: skip


def made(folder: Path, mistake: Mistake) -> Path:
    """The module of an update in which it was made."""
    files = version_files("mine", "QueuedPort", installation())
    if mistake.answer == "the class has no factory":
        header = files["queued_port.h"]
        files["queued_port.h"] = header.replace("objects::FactoryMadeClass", "objects::ClassDescriptor")
    assert mistake.right in files[mistake.file]
    files[mistake.file] = files[mistake.file].replace(mistake.right, mistake.wrong)
    write_folder(folder, files)
    (built,) = build_update(folder, kernel())
    return built.path


@pytest.mark.parametrize("name", MISTAKES)
def test_it_is_answered_as_the_guide_says(name: str, tmp_path: Path) -> None:
    mistake = MISTAKES[name]
    assert mistake.answer in GUIDE
    update = made(tmp_path / "mine", mistake)
    with ready_machine() as machine:
        machine.monitor.apply(module("allocator_race"))
        machine.monitor.workload_start("job-mix", clients=2)
        machine.run_for(1_000_000)
        if mistake.reverted:
            machine.monitor.apply(update)
        with pytest.raises(EvergreenError) as refused:
            if mistake.reverted:
                machine.monitor.revert("mine")
            else:
                machine.monitor.apply(update)
        assert mistake.answer in str(refused.value)
        machine.monitor.workload_stop("job-mix")
        assert machine.monitor.workload_wait("job-mix", limit_ns=5_000_000_000).errors == 0
