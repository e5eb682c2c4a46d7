"""One CPU's state as portable bytes: the registers of the Power ISA and what the engine knows besides.

Field order, every field 8 bytes big-endian: r0..r31, lr, ctr, cr fields 0..7, cfar, xer rest, so, ov, ca,
ov32, ca32, reservation (address, value, value 2), msr, pc, fpscr, the 1,024 SPRs, the 64 vector-scalar
registers (two doublewords each), then the words of CpuControl in its order.
"""

import struct
from typing import Final

from emulator.cpu.binding import CpuControl
from emulator.cpu.engine import Engine
from emulator.errors import UsageError

_SPRS: Final = 1024
_VECTOR_WORDS: Final = 128
_CONTROL_FIELDS: Final = tuple(name for name, _ in CpuControl._fields_)
_PACING_FIELDS: Final = 1
"""Of the control words, ``rest`` says only where the host last looked: it is not hashed."""


def read_cpu(engine: Engine, cpu: int) -> bytes:
    """The state of one CPU."""
    control = engine.cpu_control(cpu)
    words = [*_register_words(engine, cpu), *(getattr(control, name) for name in _CONTROL_FIELDS)]
    return struct.pack(f">{len(words)}Q", *words)


def hashed_part(state: bytes) -> bytes:
    """What of a CPU's state the state hash covers."""
    rest = len(state) - 8 * (len(_CONTROL_FIELDS) - _CONTROL_FIELDS.index("rest"))
    return state[:rest] + state[rest + 8 * _PACING_FIELDS :]


def write_cpu(engine: Engine, cpu: int, state: bytes) -> None:
    """Takes back what ``read_cpu`` gave, in any process. Raises UsageError for anything else."""
    expected = len(read_cpu(engine, cpu))
    if len(state) != expected:
        raise UsageError(f"the state of CPU {cpu} has {len(state)} bytes, {expected} are needed")
    words = list(struct.unpack(f">{expected // 8}Q", state))
    control = words[-len(_CONTROL_FIELDS) :]
    _write_registers(engine, cpu, words[: -len(_CONTROL_FIELDS)])
    engine.set_cpu_control(cpu, CpuControl(*control))


def _spans(engine: Engine) -> list[tuple[int, str]]:
    """Offset in a context and layout of each run of fields, in the order of the state."""
    layout = engine.layout
    return [
        (layout.gpr, "32Q"),
        (layout.lr, "Q"),
        (layout.ctr, "Q"),
        (layout.crf, "8I"),
        (layout.crf + 32, "2Q"),  # CFAR, and the library's own XER word
        (layout.so, "5Q"),
        (layout.ca32 + 8, "3Q"),  # the reservation of lwarx and ldarx
        (layout.msr, "Q"),
        (layout.nip, "Q"),
        (layout.fpscr, "Q"),
        (layout.spr, f"{_SPRS}Q"),
        (layout.vsr, f"{_VECTOR_WORDS}Q"),
    ]


def _register_words(engine: Engine, cpu: int) -> list[int]:
    context = engine.read_context(cpu, 0, engine.layout.fpscr + 8)
    words: list[int] = []
    for offset, form in _spans(engine):
        words += struct.unpack_from("=" + form, context, offset)
    return words


def _write_registers(engine: Engine, cpu: int, words: list[int]) -> None:
    msr = fpscr = 0
    for offset, form in _spans(engine):
        count = len(struct.unpack("=" + form, bytes(struct.calcsize("=" + form))))
        values, words = words[:count], words[count:]
        if offset == engine.layout.msr:
            (msr,) = values
        elif offset == engine.layout.fpscr:
            (fpscr,) = values
        else:
            engine.write_context(cpu, offset, struct.pack("=" + form, *values))
    engine.set_msr(cpu, msr)
    engine.set_fpscr(cpu, fpscr)
