"""What a machine is made of."""

from dataclasses import dataclass, field
from typing import Final

from emulator.abi.memory_map import MAX_CPUS
from emulator.errors import UsageError
from emulator.machine.policy import Policy, RoundRobin

MIB: Final = 1 << 20
MEMORY_MIN: Final = 16 * MIB
MEMORY_MAX: Final = 1024 * MIB


@dataclass(frozen=True)
class MachineConfig:
    """Raises UsageError for what cannot be built."""

    cpus: int = 2
    memory: int = 64 * MIB
    """Bytes, a multiple of 1 MiB."""
    seed: int = 0
    """Of the schedule's generator, 0..2**64-1."""
    policy: Policy = field(default_factory=RoundRobin)

    def __post_init__(self) -> None:
        if not 1 <= self.cpus <= MAX_CPUS:
            raise UsageError(f"{self.cpus} CPUs: there can be 1 to {MAX_CPUS}")
        if not MEMORY_MIN <= self.memory <= MEMORY_MAX or self.memory % MIB:
            raise UsageError(f"{self.memory} bytes of memory: 16 MiB to 1 GiB, in whole MiB")
        if not 0 <= self.seed < 1 << 64:
            raise UsageError(f"seed {self.seed}: 0 to 2**64-1")
