"""A whole machine on disk: its state, the modules that it was given, and what it takes to build it again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from emulator.abi.values import MalformedValues, Value, blob, integer, items, pack_values, text, unpack_values
from emulator.errors import UsageError
from emulator.machine.state import MachineState

CHECKPOINT_MAGIC: Final = b"EVERGREEN-CHECKPOINT"
CHECKPOINT_VERSION: Final = 1


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
    state: MachineState
    calls: tuple[Value, ...]
    """Stages, marks and panic, as GuestCalls gives them."""
    modules: tuple[Value, ...]
    """Files and places, as ModuleRegistry gives them."""

    def to_bytes(self) -> bytes:
        """The file's contents."""
        values: list[Value] = [
            self.build_id,
            [self.cpus, self.memory, self.seed, self.quantum],
            self.policy,
            self.state.to_bytes(),
            zlib.compress(pack_values([list(self.calls), list(self.modules)])),
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


def _from_values(values: list[Value]) -> Checkpoint:
    build_id, numbers, policy, state, rest = values
    cpus, memory, seed, quantum = (integer(number) for number in items(numbers))
    calls, modules = unpack_values(zlib.decompress(blob(rest)))
    return Checkpoint(
        text(build_id),
        cpus,
        memory,
        seed,
        text(policy),
        quantum,
        MachineState.from_bytes(blob(state)),
        tuple(items(calls)),
        tuple(items(modules)),
    )
