"""A bare machine with the kernel in it, for tests of what the architecture part of the kernel does."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from types import TracebackType
from typing import Any, Self, cast

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from emulator.abi.boot import BOOT_INFO_RECORD, BOOT_MAGIC, BootFlag
from emulator.abi.hypercalls import Hypercall, Stage
from emulator.abi.layout import Value
from emulator.abi.memory_map import BOOT_INFO, PAGE_SIZE
from emulator.abi.panic import PANIC_RECORD
from emulator.abi.status import Code
from emulator.devices.console import Console
from emulator.devices.disk import Disk, DiskConfig
from emulator.devices.loader import ModuleLoader, SegmentSource
from emulator.devices.mailbox import Mailbox
from emulator.devices.power import Power
from emulator.machine import Hardware, MachineConfig, Policy, RoundRobin, Stop, StopReason, Until

LIMIT_NS = 500_000_000
"""Virtual time after which a run that has not ended by itself has failed."""
SHORT_NS = 30_000_000
"""The same where booting takes the most of it."""
REAL_MODE_MASK = 0x0FFF_FFFF_FFFF_FFFF


class NoModules:
    """A source for a module loader that nobody asks."""

    def relocate(self, key: str, bases: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
        """Never called."""
        raise AssertionError(f"nobody loads {key} at {bases}")


class KernelMachine:
    """The kernel on its hardware, ready to run. Use it in a ``with``."""

    def __init__(
        self,
        image: bytes,
        *,
        cpus: int = 2,
        memory: int = 64 << 20,
        flags: int = 0,
        arguments: str = "",
        policy: Policy | None = None,
        seed: int = 1,
        modules: SegmentSource | None = None,
        disk: DiskConfig | None = None,
    ) -> None:
        config = MachineConfig(cpus=cpus, memory=memory, seed=seed, policy=policy or RoundRobin())
        self.hardware = Hardware(config)
        self.console = Console()
        self.panic: Mapping[str, Any] | None = None
        """The decoded PanicRecord of a kernel that panicked."""
        self.stages: list[tuple[Stage, int]] = []
        self.symbols = symbols_of(image)
        self.disk, self.mailbox = Disk(disk), Mailbox()
        self.loader = ModuleLoader(modules or NoModules())
        for device in (self.console, Power(), self.disk, self.mailbox, self.loader):
            self.hardware.attach(device)
        self.hardware.on_hypercall = self._hypercall
        self._boot(image, flags, arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hardware.close()

    @property
    def lines(self) -> list[str]:
        """What the console has shown."""
        return self.console.text.splitlines()

    def run(self, **until: int) -> Stop:
        """Runs to the given ``Until``, at most LIMIT_NS of virtual time."""
        return self.hardware.run(Until(**{"deadline_ns": LIMIT_NS, **until}))

    def run_to(self, symbol: str, cpu: int = 0) -> None:
        """Runs until the CPU is about to execute the first instruction of a function."""
        stop = self.run(cpu=cpu, address=self.symbols[symbol])
        assert stop.reached, f"{symbol}: {stop}\n{self.console.text}"

    def run_to_panic(self) -> Mapping[str, Any]:
        """Runs until the kernel panics, which is to be within SHORT_NS; the record."""
        stop = self.run(deadline_ns=SHORT_NS)
        assert stop.reason is StopReason.PANIC, f"{stop}\n{self.console.text}"
        assert self.panic is not None
        return self.panic

    def _boot(self, image: bytes, flags: int, arguments: str) -> None:
        entry = self.hardware.load_elf(image)
        information: dict[str, Value] = {
            "magic": BOOT_MAGIC,
            "size": BOOT_INFO_RECORD.size,
            "memory_bytes": self.hardware.config.memory,
            "cpus": self.hardware.config.cpus,
            "workload_seed": 1,
            "flags": flags,
            "image_end": image_end(image),
            "arguments": arguments,
        }
        self.hardware.memory.write(BOOT_INFO, BOOT_INFO_RECORD.pack(**information))
        self.hardware.cpus[0].start(entry & REAL_MODE_MASK, BOOT_INFO)

    def _hypercall(self, cpu: int, number: int, arguments: tuple[int, ...]) -> tuple[int, int]:
        del cpu
        match number:
            case Hypercall.MAILBOX_GET | Hypercall.MAILBOX_REPLY | Hypercall.EVENT:
                return self.mailbox.serve(number, arguments)
            case Hypercall.NOTIFY:
                self.stages.append((Stage(arguments[0]), arguments[1]))
            case Hypercall.PANIC:
                data = self.hardware.memory.read(arguments[0], PANIC_RECORD.size)
                self.panic = cast(Mapping[str, Any], PANIC_RECORD.unpack(data))
                self.hardware.stop(StopReason.PANIC)
            case _:
                return Code.UNSUPPORTED, 0
        return Code.OK, 0


def run_guest_tests(
    image: bytes,
    prefix: str,
    cpus: int = 2,
    policy: Policy | None = None,
    *,
    memory: int = 64 << 20,
    seed: int = 1,
    limit_ns: int = LIMIT_NS,
) -> list[str]:
    """Runs the in-guest tests whose names start with ``prefix``; the lines that they printed."""
    with KernelMachine(
        image,
        cpus=cpus,
        memory=memory,
        flags=BootFlag.RUN_TESTS,
        arguments=f"tests={prefix}",
        policy=policy,
        seed=seed,
    ) as machine:
        stop = machine.run(deadline_ns=limit_ns)
        assert stop.reason is StopReason.HALTED, f"{stop}\n{machine.console.text}"
        return [line for line in machine.lines if line.startswith("test")]


@cache
def symbols_of(image: bytes) -> dict[str, int]:
    """Addresses by linker name."""
    table = ELFFile(io.BytesIO(image)).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    return {symbol.name: int(symbol["st_value"]) for symbol in table.iter_symbols() if symbol.name}


def image_end(image: bytes) -> int:
    """First physical page after the image."""
    ends = (s["p_paddr"] + s["p_memsz"] for s in ELFFile(io.BytesIO(image)).iter_segments("PT_LOAD"))
    return (int(max(ends)) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)
