"""A whole machine on disk: its state, the modules that it was given, and what it takes to build it again."""

from __future__ import annotations

import contextlib
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emulator.abi.values import MalformedValues, Value, blob, integer, items, pack_values, text, unpack_values
from emulator.devices.disk import DiskConfig
from emulator.errors import UsageError
from emulator.machine import Policy, Scripted
from emulator.machine.state import MachineState
from emulator.system_config import SystemConfig

CHECKPOINT_MAGIC: Final = b"EVERGREEN-CHECKPOINT"
CHECKPOINT_VERSION: Final = 2


@dataclass(frozen=True)
class Checkpoint:
    """Plain data. Equal machines give equal checkpoints; symbols are found by the kernel's build-id."""

    build_id: str
    """Of the kernel, 40 hexadecimal digits."""
    cpus: int
    memory: int
    """Bytes."""
    seed: int
    policy: str
    """Its name."""
    quantum: int
    """Instructions."""
    workload_seed: int | None
    """None: as ``seed``."""
    keep_race: bool
    disk: DiskConfig
    """Without the path of the image that it lies over, of which the state has a digest."""
    state: MachineState
    calls: tuple[Value, ...]
    """Stages, marks and panic, as GuestCalls gives them."""
    modules: tuple[Value, ...]
    """Files and places, as ModuleRegistry gives them."""
    workloads: tuple[Value, ...]
    """As the monitor last saw them."""

    def to_bytes(self) -> bytes:
        """The file's contents."""
        values: list[Value] = [
            self.build_id,
            [self.cpus, self.memory, self.seed, self.quantum, int(self.keep_race)],
            self.policy,
            [] if self.workload_seed is None else [self.workload_seed],
            _disk_numbers(self.disk),
            self.state.to_bytes(),
            zlib.compress(pack_values([list(self.calls), list(self.modules), list(self.workloads)])),
        ]
        return CHECKPOINT_MAGIC + CHECKPOINT_VERSION.to_bytes(4, "big") + pack_values(values)

    @staticmethod
    def from_bytes(data: bytes) -> Checkpoint:
        """Raises UsageError when ``data`` is no checkpoint, damaged, or of another version."""
        start = len(CHECKPOINT_MAGIC) + 4
        if not data.startswith(CHECKPOINT_MAGIC):
            raise UsageError("not a checkpoint")
        version = int.from_bytes(data[len(CHECKPOINT_MAGIC) : start], "big")
        if version != CHECKPOINT_VERSION:
            raise UsageError(f"a checkpoint of version {version}, this program reads {CHECKPOINT_VERSION}")
        try:
            return _from_values(unpack_values(data[start:]))
        except (MalformedValues, ValueError, IndexError, zlib.error) as error:
            raise UsageError(f"the checkpoint is damaged: {error}") from None

    @staticmethod
    def read(path: Path) -> Checkpoint:
        """The one in a file. Raises UsageError, in a line with the path."""
        if path.exists() and not path.is_file():
            raise UsageError(f"{path}: not a file")
        try:
            return Checkpoint.from_bytes(path.read_bytes())
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None

    def write(self, path: Path) -> int:
        """Into a file, whole or not at all; returns its size. Raises UsageError when it cannot be written."""
        data = self.to_bytes()
        beside = path.with_name(f"{path.name}.part")
        try:
            beside.write_bytes(data)
            beside.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise UsageError(f"{path}: {error.strerror}") from None
        return len(data)

    def config(self, *, kernel: Path | None = None, disk_image: Path | None = None) -> SystemConfig:
        """Of a machine that can take this checkpoint; what it needs of files is not in here."""
        return SystemConfig(
            cpus=self.cpus,
            memory=self.memory,
            seed=self.seed,
            workload_seed=self.workload_seed,
            quantum=self.quantum,
            policy=self.make_policy(),
            disk=replace(self.disk, path=disk_image),
            kernel=kernel,
            keep_race=self.keep_race,
        )

    def make_policy(self) -> Policy:
        """One of that name, to be given its state. Raises UsageError for a name that is none."""
        if self.policy == "script":
            return Scripted(())
        return SystemConfig(policy=self.policy).make_policy(lambda _name: None)


def _disk_numbers(disk: DiskConfig) -> list[Value]:
    return [disk.blocks, int(disk.read_only), disk.latency_ns, disk.block_ns, disk.seed]


def _disk(value: Value) -> DiskConfig:
    blocks, read_only, latency_ns, block_ns, seed = (integer(number) for number in items(value))
    return DiskConfig(blocks, None, bool(read_only), latency_ns, block_ns, seed)


def _from_values(values: list[Value]) -> Checkpoint:
    build_id, numbers, policy, workload, disk, state, rest = values
    cpus, memory, seed, quantum, keep_race = (integer(number) for number in items(numbers))
    calls, modules, workloads = unpack_values(zlib.decompress(blob(rest)))
    return Checkpoint(
        text(build_id),
        cpus,
        memory,
        seed,
        text(policy),
        quantum,
        integer(items(workload)[0]) if items(workload) else None,
        bool(keep_race),
        _disk(disk),
        MachineState.from_bytes(blob(state)),
        tuple(items(calls)),
        tuple(items(modules)),
        tuple(items(workloads)),
    )
