"""Saving and restoring a whole machine, and hashing it."""

import hashlib
import struct
from ctypes import Structure
from typing import Final, TypeVar

from emulator.abi.memory_map import PAGE_SIZE
from emulator.cpu.binding import DirectiveStruct, InterruptController, MachineControl
from emulator.cpu.engine import Engine
from emulator.errors import UsageError
from emulator.machine.bus import Bus
from emulator.machine.cpu_state import hashed_part, read_cpu, write_cpu
from emulator.machine.device import Event
from emulator.machine.state import MachineState, RamPages

HASH_BYTES: Final = 32
_Words = TypeVar("_Words", bound=Structure)


def save_machine(engine: Engine, bus: Bus, policy: tuple[str, bytes], digest: bytes) -> MachineState:
    """The state between two blocks, or inside one where a host stop left it."""
    return MachineState(
        memory_bytes=engine.ram_bytes,
        ram=_used_ram(engine),
        cpus=tuple(read_cpu(engine, cpu) for cpu in range(engine.cpu_count)),
        machine=_words(engine.control()),
        interrupts=_words(engine.interrupts()),
        directives=tuple((d.kind, d.cpu, d.amount, d.address, d.thread) for d in engine.directives()),
        policy=policy,
        digest=digest,
        devices=tuple((device.name, device.get_state()) for device in bus.in_page_order()),
        events=tuple(bus.events),
        next_sequence=bus.events.next_sequence,
    )


def restore_machine(engine: Engine, bus: Bus, state: MachineState) -> None:
    """Makes this machine the saved one. Raises UsageError when it is built differently."""
    _check_same_build(engine, bus, state)
    engine.clear_ram()
    for number, page in state.ram.items():
        engine.ram[number * PAGE_SIZE : (number + 1) * PAGE_SIZE] = page
    engine.set_interrupts(_from_words(InterruptController, state.interrupts))
    engine.set_directives([DirectiveStruct(*directive) for directive in state.directives])
    bus.events.replace(state.events, state.next_sequence)
    for cpu, registers in enumerate(state.cpus):
        write_cpu(engine, cpu, registers)
    for name, device_state in state.devices:
        bus.devices[name].set_state(device_state)
    engine.set_control(_from_words(MachineControl, state.machine))
    engine.flush_code()
    engine.flush_tlb()


def hash_machine(engine: Engine, bus: Bus) -> str:
    """BLAKE2b of 256 bits in hexadecimal; docs/machine.md gives the order of the fields."""
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    digest.update(_numbers(engine.ram_bytes, engine.cpu_count))
    for number, page in _used_ram(engine).items():
        digest.update(_numbers(number) + page)
    for cpu in range(engine.cpu_count):
        digest.update(hashed_part(read_cpu(engine, cpu)))
    control = engine.control()
    digest.update(_numbers(control.time, control.clock, *_words(engine.interrupts())))
    for event in bus.events:
        digest.update(_event_bytes(event))
    for device in bus.in_page_order():
        state = device.get_state()
        digest.update(_text_bytes(device.name) + _numbers(len(state)) + state)
    return digest.hexdigest()


def _used_ram(engine: Engine) -> RamPages:
    """The pages of RAM that hold anything."""
    ram = engine.ram
    return {
        number: bytes(ram[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]) for number in engine.used_pages()
    }


def _check_same_build(engine: Engine, bus: Bus, state: MachineState) -> None:
    here = (engine.ram_bytes, engine.cpu_count, [device.name for device in bus.in_page_order()])
    there = (state.memory_bytes, len(state.cpus), [name for name, _ in state.devices])
    if here != there:
        raise UsageError(
            f"the state is of a machine with {there[0]} bytes, {there[1]} CPUs and devices "
            f"{', '.join(there[2])}; this one has {here[0]} bytes, {here[1]} CPUs and {', '.join(here[2])}"
        )


def _words(structure: Structure) -> tuple[int, ...]:
    """All fields of the engine's structures are 64-bit words."""
    data = bytes(structure)
    return struct.unpack(f"={len(data) // 8}Q", data)


def _from_words(kind: type[_Words], words: tuple[int, ...]) -> _Words:
    data = struct.pack(f"={len(words)}Q", *words)
    try:
        return kind.from_buffer_copy(data)
    except ValueError:
        raise UsageError(f"the machine state has {len(words)} words where {kind.__name__} is") from None


def _numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}Q", *values)


def _text_bytes(text: str) -> bytes:
    return _numbers(len(text.encode())) + text.encode()


def _event_bytes(event: Event) -> bytes:
    head = _numbers(event.time, event.sequence, event.kind, len(event.values), *event.values)
    return head + _text_bytes(event.device)
