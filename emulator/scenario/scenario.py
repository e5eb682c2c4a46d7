"""A scenario: how the machine is built, and what is done with it, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from emulator.errors import UsageError
from emulator.machine.config import MEMORY_MAX, MEMORY_MIN
from emulator.machine.policy import DEFAULT_QUANTUM, MINIMUM_QUANTUM
from emulator.scenario.step_table import read_step, write_step
from emulator.scenario.steps import Boot, CheckDisk, PowerOff, Restore, Schedule, Step
from emulator.scenario.tables import Table, key, key_type, keys_of, read_document
from emulator.scenario.values import Duration, Flag, Integer, Policy, Size, Text

SUFFIX: Final = "scenario.toml"
_SEED: Final = Integer(0, (1 << 64) - 1)
_SCHEDULE: Final = ("policy", "quantum", "seed")
"""What a restored machine can be given anew."""


@dataclass(frozen=True)
class MachineSettings:
    """The table ``[machine]``; what is not said is as the command line's defaults."""

    cpus: int = key(Integer(1, 8), default=2)
    memory: int = key(Size(), default=64 << 20)
    """Bytes."""
    seed: int = key(_SEED, default=0)
    """Of the schedule, and of the workload unless it has its own."""
    quantum: int = key(Integer(MINIMUM_QUANTUM), default=DEFAULT_QUANTUM)
    """Instructions."""
    policy: str = key(Policy(), default="round-robin")
    keep_race: bool = key(Flag(), default=False)
    """The run is about the shipped allocator race: its update is not applied on its own."""


@dataclass(frozen=True)
class DiskSettings:
    """The table ``[disk]``."""

    file: str | None = key(Text(), default=None)
    """A host file, relative to the scenario's folder, that is read and never altered; None: zeros."""
    blocks: int = key(Integer(0, 1 << 32), default=4096)
    """0: as many as the file has."""
    read_only: bool = key(Flag(), default=False)
    latency: int = key(Duration(), default=100_000)
    """Of a command, ns, without the time for its blocks."""
    seed: int = key(_SEED, default=0)
    """Of the stream that decides what a power cut loses."""


@dataclass(frozen=True)
class WorkloadSettings:
    """The table ``[workload]``."""

    seed: int | None = key(_SEED, default=None)


@dataclass(frozen=True)
class ReportSettings:
    """The table ``[report]``."""

    control: bool = key(Flag(), default=False)
    """Run it again without its updates and swaps, and report both side by side."""


@dataclass(frozen=True)
class Scenario:
    """``folder`` is what paths in it are relative to."""

    name: str
    machine: MachineSettings = field(default_factory=MachineSettings)
    disk: DiskSettings = field(default_factory=DiskSettings)
    workload: WorkloadSettings = field(default_factory=WorkloadSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    steps: Sequence[Step] = (Boot(),)
    folder: Path = field(default_factory=Path)

    @property
    def restored(self) -> Path | None:
        """The checkpoint that it begins with, if it does not boot."""
        first = self.steps[0]
        return self.folder / first.file if isinstance(first, Restore) else None

    def with_flags(self, **flags: int | str | None) -> Scenario:
        """What the command line says, where it says something (not None), overrides ``[machine]``.

        A restored machine has its own; it is given another schedule. Raises UsageError for what it cannot be
        given.
        """
        said = {name: value for name, value in flags.items() if value is not None}
        if self.restored is not None and said:
            return self._scheduled(said)
        return replace(self, machine=replace(self.machine, **said))  # type: ignore[arg-type]

    def _scheduled(self, said: Mapping[str, int | str]) -> Scenario:
        fixed = [name for name in said if name not in _SCHEDULE]
        if fixed:
            raise UsageError(
                f"{self.name}: {fixed[0]}: that of the checkpoint with which the scenario begins"
            )
        first, *rest = self.steps
        workload = self.workload
        if workload.seed is None and "seed" in said:
            workload = replace(workload, seed=int(said["seed"]))
        schedule = Schedule(**said)  # type: ignore[arg-type]
        return replace(self, workload=workload, steps=[first, schedule, *rest])

    def with_control(self, control: bool | None) -> Scenario:
        """Whether to run it again for comparison; None leaves it as the file says."""
        return self if control is None else replace(self, report=ReportSettings(control))


def load_scenario(path: Path) -> Scenario:
    """Reads ``scenario.toml`` or ``NAME.scenario.toml``. Raises UsageError, one line with file and line."""
    if path.name != SUFFIX and not path.name.endswith(f".{SUFFIX}"):
        raise UsageError(f"{path}: a scenario's file is named {SUFFIX} or NAME.{SUFFIX}")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text: byte {error.start}") from None
    return parse_scenario(text, str(path), path.parent)


def parse_scenario(text: str, name: str = SUFFIX, folder: Path | None = None) -> Scenario:
    """The scenario that TOML text describes. Raises UsageError, one line with name and line."""
    root = read_document(text, name)
    root.only(("machine", "disk", "workload", "report", "step"), "in a scenario")
    machine, tables = _machine(root.table("machine")), root.tables("step")
    steps = _checked(root, tables, [read_step(table) for table in tables])
    if isinstance(steps[0], Restore):
        root.only(("disk", "workload", "report", "step"), "in a scenario that begins with a checkpoint")
        root.table("disk").only(("file",), "in [disk] of a scenario that begins with a checkpoint")
    return Scenario(
        name=name,
        machine=machine,
        disk=root.table("disk").read(DiskSettings, "in [disk]"),
        workload=root.table("workload").read(WorkloadSettings, "in [workload]"),
        report=root.table("report").read(ReportSettings, "in [report]"),
        steps=steps,
        folder=folder or Path(),
    )


def write_scenario(scenario: Scenario) -> str:
    """TOML text that reads as this scenario."""
    tables = {name: getattr(scenario, name) for name in ("machine", "disk", "workload", "report")}
    parts = [_written(name, settings) for name, settings in tables.items()]
    return "\n".join([*filter(None, parts), *map(write_step, scenario.steps)])


def _machine(table: Table) -> MachineSettings:
    settings = table.read(MachineSettings, "in [machine]")
    if not MEMORY_MIN <= settings.memory <= MEMORY_MAX or settings.memory % (1 << 20):
        raise table.refusal("memory: 16M to 1G, in whole MiB", "memory")
    return settings


def _checked(root: Table, tables: Sequence[Table], steps: Sequence[Step]) -> Sequence[Step]:
    if not steps:
        raise root.refusal('there is no step: the first [[step]] is do = "boot", or "restore"')
    for index, (table, step) in enumerate(zip(tables, steps, strict=True)):
        if isinstance(step, Boot) and index:
            raise table.refusal('do = "boot" is the first step, and only the first', "do")
        if not isinstance(step, Boot | Restore) and not index:
            raise table.refusal('the first step is do = "boot", or "restore"', "do")
        if not isinstance(step, CheckDisk) and any(isinstance(each, PowerOff) for each in steps[:index]):
            raise table.refusal('only "check-disk" follows do = "power-off"', "do")
    return steps


def _written(name: str, settings: object) -> str:
    keys = keys_of(type(settings))
    values = {each: getattr(settings, item.name) for each, item in keys.items()}
    said = [
        f"{each} = {key_type(item).write(values[each])}"
        for each, item in keys.items()
        if values[each] != item.default
    ]
    return "\n".join([f"[{name}]", *said]) + "\n" if said else ""
