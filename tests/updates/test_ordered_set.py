"""An ordered set of modules: when one of it fails, those before it are taken back, the last first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from emulator import Machine
from emulator.errors import EvergreenError, ModuleError, UsageError
from emulator.monitor import UpdateFailed
from tests.updates.counter_versions import Version, expect_exact, loaded_machine, version_of_counters

_FAILS_IN_ITS_END = Version(4, after="return kernel::Code::INVALID;")
_FAILS_AT_AN_INSTANCE = Version(4, on_import="if (number == 40) return kernel::Code::IO_ERROR;")
_KNOWN_TO_SKIP_ONE = Version(5)


def files(folder: Path, versions: Sequence[Version]) -> list[Path]:
    """The modules on disk, in the order of the set."""
    paths = [folder / f"{number}.ko" for number in range(len(versions))]
    for path, version in zip(paths, versions, strict=True):
        path.write_bytes(version.build())
    return paths


def states(machine: Machine) -> dict[str, str]:
    """Of the updates of counters."""
    return {each.name: each.state for each in machine.monitor.updates() if each.name.startswith("counter")}


def expect_none_of_it(machine: Machine, before: int) -> None:
    """The set is taken back, and nobody has noticed; ``before`` blocks of memory lived for modules."""
    monitor = machine.monitor
    assert version_of_counters(machine) == {1}
    assert [each.name for each in monitor.modules()] == ["allocator_race"]
    factory = next(each for each in monitor.factories() if each.class_name == "SharedCounter")
    assert (factory.version, factory.old, factory.marked, factory.failed) == (1, 0, 0, 0)
    expect_exact(machine)
    # The kernel keeps a record of each.
    assert live_modules(machine) == before + len(states(machine))


def live_modules(machine: Machine) -> int:
    """How many blocks of memory live for modules."""
    return next(each.allocations for each in machine.monitor.memory() if each.tag == "module")


@pytest.mark.parametrize(
    ("last", "error", "message", "aborted"),
    [
        (_FAILS_IN_ITS_END, UpdateFailed, "update counter_4 aborted", True),
        (_FAILS_AT_AN_INSTANCE, UpdateFailed, "could not be brought to version 4", True),
        (_KNOWN_TO_SKIP_ONE, ModuleError, "is at version 3, this update goes from 4 to 5", False),
    ],
    ids=["its end", "an instance", "the host refuses"],
)
def test_those_before_it_are_taken_back(
    last: Version, error: type[EvergreenError], message: str, aborted: bool, tmp_path: Path
) -> None:
    eager = 'mode = "eager"'
    ordered = [Version(2, manifest=eager), Version(3, manifest=eager), last]
    with loaded_machine(clients=3) as machine:
        before = live_modules(machine)
        with pytest.raises(error, match=message):
            machine.monitor.apply_all(files(tmp_path, ordered), limit_ns=5_000_000_000)
        expected = {"counter_2": "unloaded", "counter_3": "unloaded"}
        assert states(machine) == ({**expected, "counter_4": "aborted"} if aborted else expected)
        expect_none_of_it(machine, before)


def test_a_file_that_is_not_there_takes_the_others_back(tmp_path: Path) -> None:
    with loaded_machine(clients=2) as machine:
        before = live_modules(machine)
        paths = [*files(tmp_path, [Version(2), Version(3)]), tmp_path / "nowhere.ko"]
        with pytest.raises(UsageError, match=r"nowhere\.ko: No such file"):
            machine.monitor.apply_all(paths, limit_ns=5_000_000_000)
        assert states(machine) == {"counter_2": "unloaded", "counter_3": "unloaded"}
        expect_none_of_it(machine, before)


def test_what_was_there_before_the_set_stays(tmp_path: Path) -> None:
    with loaded_machine(clients=2) as machine:
        machine.monitor.apply(Version(2).build(), limit_ns=2_000_000_000)
        with pytest.raises(UpdateFailed):
            machine.monitor.apply_all(
                files(tmp_path, [Version(3), _FAILS_IN_ITS_END]), limit_ns=5_000_000_000
            )
        assert states(machine) == {"counter_2": "active", "counter_3": "unloaded", "counter_4": "aborted"}
        expect_exact(machine)


def test_a_whole_set_is_applied_in_its_order(tmp_path: Path) -> None:
    with loaded_machine(clients=2) as machine:
        records = machine.monitor.apply_all(files(tmp_path, [Version(2), Version(3)]), limit_ns=5_000_000_000)
        assert [record.name for record in records] == ["counter_2", "counter_3"]
        assert states(machine)["counter_3"] == "active"
        expect_exact(machine)
