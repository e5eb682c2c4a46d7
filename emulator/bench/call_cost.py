"""Instructions of a call, counted in a run and in the code that ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from emulator.bench.call_code import loop_of, straight_code_of
from emulator.bench.guest_loops import GuestLoops
from emulator.errors import GuestError

COMMAND: Final = "bench-calls"
CALLEE: Final = "bench::PlainThing::nothing"
NONE: Final = "none"
LOOPS: Final[Mapping[str, str]] = {
    NONE: "bench_no_calls",
    "direct": "bench_direct_calls",
    "virtual": "bench_virtual_calls",
    "object": "bench_object_calls",
}
"""The function of each loop, by its name in the marks."""
RETURN: Final = 2
"""Instructions of every call on its way back: ``blr``, and the caller's next one, which is for the TOC."""


@dataclass(frozen=True)
class CallCost:
    """Instructions from the load through the reference to the callee's first one, and the return.

    Loading the reference itself, and the argument, is not counted: all calls do it.
    """

    direct: int
    virtual: int
    object: int

    @classmethod
    def of(cls, loops: GuestLoops, times: int) -> Self:
        """Raises GuestError when the run and the disassembly differ."""
        run, code = loops.per_pass(COMMAND, times), passes_in_code(loops)
        if run != code:
            raise GuestError(f"a pass of the loops takes {run} instructions, and has {code}")
        body = len(straight_code_of(loops.machine, CALLEE)) - 1  # the return is the call's
        return cls(*(run[kind] - run[NONE] - body for kind in ("direct", "virtual", "object")))


def passes_in_code(loops: GuestLoops) -> Mapping[str, int]:
    """Instructions of one pass of each loop by the disassembly, the callee's included."""
    callee = len(straight_code_of(loops.machine, CALLEE))
    return {
        kind: len(loop_of(loops.machine, function)) + (callee if kind != NONE else 0)
        for kind, function in LOOPS.items()
    }
