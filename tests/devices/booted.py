"""The kernel with its drivers on a bare machine: requests, and modules made of a few instructions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from emulator.abi.hypercalls import Stage
from emulator.abi.mailbox import Operation
from emulator.abi.values import Value
from emulator.devices.loader import LoadOutcome, ModuleImage, SegmentSource
from emulator.devices.mailbox import Reply
from emulator.errors import ModuleError
from tests.guest.arch_machine import KernelMachine
from toolchain.kernel import build_kernel

STEP_NS: Final = 100_000
STEPS: Final = 20_000


@cache
def kernel_image() -> bytes:
    return build_kernel().path.read_bytes()


def instructions(*words: int) -> bytes:
    return b"".join(word.to_bytes(4, "big") for word in words)


class Texts:
    """A source of modules: each is its text, with constants and data that say which one it is."""

    RODATA: Final = b"constants"
    DATA_SIZE: Final = 5000

    def __init__(self, **texts: bytes) -> None:
        self.texts = texts

    def image(self, name: str, time_limit: int = 1_000_000) -> ModuleImage:
        size = len(self.texts[name])
        return ModuleImage(name, name, size, len(self.RODATA), self.DATA_SIZE, entry=0, time_limit=time_limit)

    def relocate(self, key: str, bases: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
        if not self.texts[key]:
            raise ModuleError(f"module {key} cannot be relocated to {bases[0]:#x}")
        return self.texts[key], self.RODATA, key.encode()


class Booted(KernelMachine):
    """Boots to READY."""

    def __init__(self, source: SegmentSource | None = None) -> None:
        super().__init__(kernel_image(), modules=source)
        for _ in range(STEPS):
            self.run(deadline_ns=self.hardware.time + STEP_NS)
            if (Stage.READY, 0) in self.stages:
                return
        raise AssertionError(self.console.text)

    def ask(self, operation: Operation, *arguments: Value) -> Reply:
        request = self.mailbox.post(operation, *arguments)
        for _ in range(STEPS):
            self.run(deadline_ns=self.hardware.time + STEP_NS)
            if reply := self.mailbox.reply(request):
                return reply
        raise AssertionError(f"no reply to {operation.name}\n{self.console.text}")

    def load(self, image: ModuleImage) -> LoadOutcome:
        load = self.loader.load(image)
        for _ in range(STEPS):
            self.run(deadline_ns=self.hardware.time + STEP_NS)
            if outcome := self.loader.outcome(load):
                return outcome
        raise AssertionError(f"{image.name} is still being loaded\n{self.console.text}")

    def modules(self) -> Sequence[Value]:
        return self.ask(Operation.MODULES).values
