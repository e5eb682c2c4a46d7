"""What a whole machine is made of: hardware, kernel, devices and how it boots."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emulator.devices.disk import DiskConfig
from emulator.errors import UsageError
from emulator.machine import MachineConfig, Policy, Random, RoundRobin, Scripted, parse_script
from emulator.machine.config import MIB
from emulator.machine.policy import DEFAULT_QUANTUM, check_quantum
from emulator.machine.script import Resolver

POLICY_NAMES: Final = ("round-robin", "random")
_SCRIPT: Final = "script:"
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
    """``round-robin``, ``random``, ``script:FILE``, or any policy."""
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
        MachineConfig(self.cpus, self.memory, self.seed)
        if isinstance(self.policy, str) and not self.policy.startswith(_SCRIPT):
            self.make_policy(_no_symbols)
        check_quantum(self.quantum)
        if self.workload_seed is not None and not 0 <= self.workload_seed < _SEED_END:
            raise UsageError(f"workload seed {self.workload_seed}: 0 to 2**64-1")
        if len(self.arguments.encode()) > _ARGUMENTS_MAX or "\0" in self.arguments:
            raise UsageError(f"boot arguments: at most {_ARGUMENTS_MAX} bytes, none of them zero")

    @property
    def seed_of_workload(self) -> int:
        """Of the second stream."""
        return self.seed if self.workload_seed is None else self.workload_seed

    def machine_config(self, resolve: Resolver) -> MachineConfig:
        """Of the bare machine; ``resolve`` knows the symbols of a script. Raises UsageError."""
        return MachineConfig(self.cpus, self.memory, self.seed, self.make_policy(resolve))

    def make_policy(self, resolve: Resolver) -> Policy:
        """The schedule. Raises UsageError for an unknown name, a bad script or a quantum too short."""
        if isinstance(self.policy, Policy):
            return self.policy
        if self.policy.startswith(_SCRIPT) and self.policy != _SCRIPT:
            script = parse_script(_read(self.policy.removeprefix(_SCRIPT)), resolve, self.cpus)
            return Scripted(script, self.quantum)
        match self.policy:
            case "round-robin":
                return RoundRobin(self.quantum)
            case "random":
                return Random(self.quantum)
        raise UsageError(f"policy {self.policy!r}: {', '.join(POLICY_NAMES)} or script:FILE")


def _no_symbols(_name: str) -> None:
    return None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"schedule {path}: {reason}") from None
