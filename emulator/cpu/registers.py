"""The registers of one CPU by name, as the Power ISA names them."""

import struct
from collections.abc import Callable
from typing import Final

from emulator.cpu.engine import Engine
from emulator.errors import UsageError

SPR_NUMBERS: Final = {
    "dsisr": 18,
    "dar": 19,
    "dec": 22,
    "srr0": 26,
    "srr1": 27,
    "cfar": 28,
    "pidr": 48,
    "ctrl": 136,
    "fscr": 153,
    "vrsave": 256,
    "sprg0": 272,
    "sprg1": 273,
    "sprg2": 274,
    "sprg3": 275,
    "pvr": 287,
    "hsprg0": 304,
    "hsprg1": 305,
    "hdsisr": 306,
    "hdar": 307,
    "hsrr0": 314,
    "hsrr1": 315,
    "lpcr": 318,
    "lpidr": 319,
    "hmer": 336,
    "heir": 339,
    "amor": 349,
    "ptcr": 464,
    "pir": 1023,
}
"""Those that software of this machine may use; any other is reached as ``spr<number>``."""

_XER_BITS: Final = {"so": 31, "ov": 30, "ca": 29, "ov32": 19, "ca32": 18}
_XER_REST: Final = sum(1 << bit for bit in range(7))
"""XER[57:63], the string length: the library keeps it in its own XER word, before the split-out bits."""
GPR_COUNT: Final = 32


class Registers:
    """Reads and writes one CPU's registers while the engine does not run, or inside its callbacks."""

    def __init__(self, engine: Engine, cpu: int) -> None:
        self._engine = engine
        self._cpu = cpu
        self._layout = engine.layout

    def __getitem__(self, name: str) -> int:
        """r0..r31, f0..f31 (as 64-bit patterns), pc, lr, ctr, cr, xer, msr, fpscr, a name of SPR_NUMBERS,
        sprN.

        Raises UsageError for any other name.
        """
        special = self._special(name)
        return special[0]() if special else self._word(self._offset(name))

    def __setitem__(self, name: str, value: int) -> None:
        """As above. Values are 64-bit (cr and xer 32-bit); MSR[HV] stays on."""
        special = self._special(name)
        if special:
            special[1](value)
        else:
            self._set_word(self._offset(name), value)

    def gprs(self) -> tuple[int, ...]:
        """r0..r31."""
        return struct.unpack("=32Q", self._engine.read_context(self._cpu, self._layout.gpr, 8 * GPR_COUNT))

    @staticmethod
    def names() -> tuple[str, ...]:
        """Every register that has a name of its own."""
        general = [f"r{number}" for number in range(GPR_COUNT)]
        return (*general, "pc", "lr", "ctr", "cr", "xer", "msr", "fpscr", *SPR_NUMBERS)

    def _special(self, name: str) -> tuple[Callable[[], int], Callable[[int], None]] | None:
        return {
            "cr": (self._cr, self._set_cr),
            "xer": (self._xer, self._set_xer),
            "msr": (lambda: self._word(self._layout.msr), lambda v: self._engine.set_msr(self._cpu, v)),
            "fpscr": (lambda: self._word(self._layout.fpscr), lambda v: self._engine.set_fpscr(self._cpu, v)),
            "cfar": (
                lambda: self._word(self._layout.crf + 32),
                lambda v: self._set_word(self._layout.crf + 32, v),
            ),
        }.get(name)

    def _offset(self, name: str) -> int:
        layout = self._layout
        fixed = {"pc": layout.nip, "lr": layout.lr, "ctr": layout.ctr}
        if name in fixed:
            return int(fixed[name])
        if name in SPR_NUMBERS:
            return int(layout.spr + 8 * SPR_NUMBERS[name])
        for prefix, base, stride, count in (
            ("spr", layout.spr, 8, 1024),
            ("r", layout.gpr, 8, GPR_COUNT),
            (
                "f",
                layout.vsr + 8,
                16,
                32,
            ),  # doubleword 0 is the upper half of a little-endian host's 16 bytes
        ):
            digits = name.removeprefix(prefix)
            if name.startswith(prefix) and digits.isdecimal() and int(digits) < count:
                return int(base + stride * int(digits))
        raise UsageError(f"no register is called {name!r}")

    def _word(self, offset: int) -> int:
        return int.from_bytes(self._engine.read_context(self._cpu, offset, 8), "little")

    def _set_word(self, offset: int, value: int) -> None:
        self._engine.write_context(self._cpu, offset, (value & (1 << 64) - 1).to_bytes(8, "little"))

    def _cr(self) -> int:
        fields = struct.unpack("=8I", self._engine.read_context(self._cpu, self._layout.crf, 32))
        return sum(field << 28 - 4 * index for index, field in enumerate(fields))

    def _set_cr(self, value: int) -> None:
        fields = [value >> 28 - 4 * index & 15 for index in range(8)]
        self._engine.write_context(self._cpu, self._layout.crf, struct.pack("=8I", *fields))

    def _xer(self) -> int:
        """The library's own XER word lacks the arithmetic bits, which it keeps apart."""
        rest = self._word(self._layout.so - 8) & _XER_REST
        return rest | sum(self._word(getattr(self._layout, name)) << bit for name, bit in _XER_BITS.items())

    def _set_xer(self, value: int) -> None:
        for name, bit in _XER_BITS.items():
            self._set_word(getattr(self._layout, name), value >> bit & 1)
        self._set_word(self._layout.so - 8, value & _XER_REST)
