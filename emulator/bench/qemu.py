"""The same loops on QEMU's ppc64 system emulator, where installed: one CPU, with and without -icount."""

import select
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from emulator.bench.loops import CALLS, METHOD_OFFSET, Loop, assemble
from emulator.bench.processor_time import spent_by

PROGRAM: Final = "qemu-system-ppc64"
"""Of QEMU, as it is called."""
_START: Final = 0x100
"""Where the pseries machine begins to execute its firmware, in real mode."""
_LOOP: Final = 0x1000
_DATA: Final = 0x18000
_STACK: Final = 0x1F000
_IMAGE_BYTES: Final = 0x20000
_TIMEOUT_S: Final = 20
"""Of silence."""
_AWAIT_CHARACTER: Final = "wait: li 3, 0x54; lis 4, 0x7100; .long 0x44000022; cmpdi 4, 0; beq wait;"
"""H_GET_TERM_CHAR of the first terminal, until there is one."""
_CEDE: Final = "li 3, 0xE0; .long 0x44000022;"
"""H_CEDE: the CPU sleeps, and uses no processor time from there on."""


def qemu_installed() -> bool:
    """Is there a QEMU to compare with?"""
    return shutil.which(PROGRAM) is not None


def measure_qemu(loop: Loop, iterations: int, icount: bool) -> float | None:
    """Seconds of processor time that QEMU takes for the loop, without its start; None when it does not run.

    ``iterations`` is a multiple of 65,536, below 2**31.
    """
    with tempfile.TemporaryDirectory() as scratch:
        firmware = Path(scratch) / "loop.bin"
        firmware.write_bytes(_image(loop, iterations))
        arguments = ["-M", "pseries", "-nodefaults", "-display", "none", "-serial", "stdio", "-m", "256"]
        options = ["-icount", "shift=0"] if icount else []
        command = [PROGRAM, *arguments, "-accel", "tcg", *options, "-bios", str(firmware)]
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        with subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=null) as qemu:
            try:
                return _time_between(qemu)
            finally:
                qemu.kill()


def _time_between(qemu: subprocess.Popen[bytes]) -> float | None:
    """The program writes B, waits to be told to go on, and writes E after the loop."""
    output = qemu.stdout
    assert output is not None and qemu.stdin is not None
    start = None
    while select.select([output], [], [], _TIMEOUT_S)[0] and (byte := output.read(1)):
        if byte == b"B":
            start = spent_by(qemu.pid)
            qemu.stdin.write(b"G")
        elif byte == b"E" and start is not None:
            return spent_by(qemu.pid) - start
    return None


def _image(loop: Loop, iterations: int) -> bytes:
    image = bytearray(_IMAGE_BYTES)
    start = (
        _print("B")
        + _AWAIT_CHARACTER
        + f"lis 3, {_DATA >> 16}; ori 3, 3, {_DATA & 0xFFFF};"
        + f"lis 1, {_STACK >> 16}; ori 1, 1, {_STACK & 0xFFFF}; lis 31, {iterations >> 16};"
        + f"li 12, {_LOOP}; mtspr 26, 12; li 12, 1; sldi 12, 12, 63; mtspr 27, 12; rfid"  # 64-bit mode
    )
    _place(image, _START, assemble(start, _START))
    end = "done:" + _print("E") + "here:" + _CEDE + "b here"
    _place(image, _LOOP, assemble(loop.source + end, _LOOP))
    _place(image, _DATA, (_DATA + 0x100).to_bytes(8, "big"))
    if loop is CALLS:
        _place(image, _DATA + 0x108, (_LOOP + METHOD_OFFSET).to_bytes(8, "big"))
    return bytes(image)


def _print(character: str) -> str:
    """H_PUT_TERM_CHAR of one character to the first terminal."""
    return (
        f"li 3, 0x58; lis 4, 0x7100; li 5, 1; lis 6, {ord(character) << 8}; sldi 6, 6, 32; .long 0x44000022;"
    )


def _place(image: bytearray, address: int, data: bytes) -> None:
    image[address : address + len(data)] = data
