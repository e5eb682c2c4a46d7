"""What a whole machine is made of: hardware, kernel, devices and how it boots."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emulator.devices.disk import DiskConfig
from emulator.errors import UsageError
from emulator.machine import MachineConfig, Policy, Random, RoundRobin
from emulator.machine.config import MIB
from emulator.machine.policy import DEFAULT_QUANTUM, check_quantum

POLICY_NAMES: Final = ("round-robin", "random")
_SEED_END: Final = 1 << 64
_ARGUMENTS_MAX: Final = 255


@dataclass(frozen=True)
class SystemConfig:
    """Raises UsageError for what cannot be built."""

    cpus: int = 2
    """1 to 8."""
    memory: int = 64 * MIB
    """Bytes, 16 MiB to 1 GiB, a multiple of 1 MiB."""
    seed: int = 0
    """0 to 2**64 - 1; of two independent streams, schedule and workload."""
    workload_seed: int | None = None
    """Of the second stream; None: as ``seed``."""
    quantum: int = DEFAULT_QUANTUM
    """Instructions; for the policies that have a name."""
    policy: str | Policy = "round-robin"
    """``round-robin``, ``random``, or any policy."""
    disk: DiskConfig = field(default_factory=DiskConfig)
    kernel: Path | None = None
    """The image to boot; None: the installation's own, built where its sources have changed."""
    arguments: str = ""
    """Boot arguments, ``key=value`` separated by blanks, at most 255 bytes."""
    run_tests: bool = False
    """The kernel runs its own tests once it is ready, and powers off."""
    keep_race: bool = False
    """The run is about the shipped allocator race: nobody applies its update first."""

    def __post_init__(self) -> None:
        self.machine_config()
        if self.workload_seed is not None and not 0 <= self.workload_seed < _SEED_END:
            raise UsageError(f"workload seed {self.workload_seed}: 0 to 2**64-1")
        if len(self.arguments.encode()) > _ARGUMENTS_MAX or "\0" in self.arguments:
            raise UsageError(f"boot arguments: at most {_ARGUMENTS_MAX} bytes, none of them zero")

    def machine_config(self) -> MachineConfig:
        """Of the bare machine. Raises UsageError."""
        return MachineConfig(self.cpus, self.memory, self.seed, self.make_policy())

    def make_policy(self) -> Policy:
        """The schedule. Raises UsageError for an unknown name or a quantum that is too short."""
        if isinstance(self.policy, Policy):
            return self.policy
        check_quantum(self.quantum)
        match self.policy:
            case "round-robin":
                return RoundRobin(self.quantum)
            case "random":
                return Random(self.quantum)
        raise UsageError(f"policy {self.policy!r}: {', '.join(POLICY_NAMES)} or script:FILE")
