"""From the record of a panic to text."""

from __future__ import annotations

import pytest

from emulator.abi.layout import Value
from emulator.abi.panic import PANIC_CPU_RECORD, PANIC_MAGIC, PANIC_RECORD, PanicFrameKind, PanicState
from emulator.monitor import PanicReport
from tests.monitor.kernel import symbols

_HOLD = "kernel::Thread::hold()"


def _record(**changes: int) -> bytes:
    hold = symbols().address(_HOLD)
    kinds = [PanicFrameKind.INTERRUPTED, PanicFrameKind.LINK, PanicFrameKind.RETURN]
    panicked: dict[str, Value] = {
        "state": PanicState.PANICKED,
        "thread_id": 7,
        "thread_name": "client",
        "vector": 0x300,
        "gpr": [0x1111 * index for index in range(32)],
        "nip": hold,
        "dar": 0xDEAD,
        "frame_count": 3,
        "frame_address": [hold, hold + 8, hold + 12],
        "frame_kind": kinds,
    }
    stopped: dict[str, Value] = {"state": PanicState.STOPPED}
    fields = {"magic": PANIC_MAGIC, "panicked_cpu": 1, "time_ns": 1234, "cpu_count": 3}
    return PANIC_RECORD.pack(**(fields | changes), message="it broke", cpu=[stopped, panicked])


def test_the_cpu_that_panicked_comes_first_with_registers_and_frames() -> None:
    lines = PanicReport.of(_record(), symbols()).text.splitlines()
    assert lines[0] == "panic on CPU 1 at 1234 ns: it broke"
    assert lines[1] == 'CPU 1 panicked in thread 7 "client", exception 0x300'
    assert "dar 000000000000dead" in "\n".join(lines)
    assert "r31 000000000002110f" in "\n".join(lines)
    frames = [line for line in lines if line.startswith("  #")]
    assert len(frames) == 3
    assert all(_HOLD in frame and "guest_kernel/kernel/thread.cpp:" in frame for frame in frames)
    assert frames[1].endswith("(if it had no frame yet)")


def test_a_cpu_that_was_stopped_is_shown_and_one_that_never_started_is_not() -> None:
    lines = PanicReport.of(_record(), symbols()).text.splitlines()
    assert lines[-1] == "CPU 0 was stopped"
    assert not any("CPU 2" in line for line in lines)


def test_a_frame_of_unknown_kind_is_left_out() -> None:
    data = bytearray(_record())
    cpu = PANIC_RECORD.offset("cpu")
    one = PANIC_CPU_RECORD.size
    data[cpu + one + PANIC_CPU_RECORD.offset("frame_kind")] = 99
    assert len(PanicReport.of(bytes(data), symbols()).cpus[1].frames) == 2


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(ValueError, match="magic 0x5 of a panic record"):
        PanicReport.of(_record(magic=5), symbols())
