"""What stands in front of an object costs its callers: section 6.2.2 of the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emulator.bench.call_cost import CallCost
from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Aim, Figure, Findings, Plot, Series, Style
from emulator.bench.guest_loops import guest_loops

PASSES: Final = 100_000
PASSES_QUICK: Final = 100
_COMMAND: Final = "bench-adaptors"
_DIRECT: Final = "direct"
_NULL_ADAPTOR_MOST: Final = 80


@dataclass(frozen=True)
class _InFront:
    """One thing that may stand in front of an object, by the name of its loop in the guest."""

    loop: str
    label: str
    what: str
    aim: Aim | None = None
    reference: str = ""


_IN_FRONT: Final = (
    _InFront("arbiter", "arbiter", "an arbiter that does nothing"),
    _InFront("arbiter_both_ways", "arbiter,\nboth ways", "an arbiter that does nothing, and sees the return"),
    _InFront(
        "null",
        "null\nadaptor",
        "an adaptor that changes nothing",
        Aim(most=_NULL_ADAPTOR_MOST),
        "K42: 228 cycles (10 ns direct, 124 ns through it)",
    ),
    _InFront(
        "renumbering",
        "renumbers",
        "an adaptor that renumbers the method",
        reference="K42: no measurable difference from the null adaptor",
    ),
    _InFront("widening", "adds an\nargument", "an adaptor that adds an argument"),
    _InFront("summing", "keeps\nstate", "an adaptor that keeps state and calls on"),
)


def run(setting: Setting) -> Findings:
    """See ``EXPERIMENT``."""
    times = PASSES_QUICK if setting.quick else PASSES
    with guest_loops(setting.seed) as loops:
        cost = CallCost.of(loops, times)
        passes = loops.per_pass(_COMMAND, times)
    setting.on_part("calls through arbiters and adaptors")
    above = {each: passes[each.loop] - passes[_DIRECT] for each in _IN_FRONT}
    direct = Figure(
        "direct_call", "an object call with nothing in front, and its return", cost.object, "instructions"
    )
    figures = [
        Figure(
            f"{each.loop}_above_call",
            f"more than that: {each.what}",
            extra,
            "instructions",
            aim=each.aim,
            reference=each.reference,
            note=f"{cost.object + extra} in all",
        )
        for each, extra in above.items()
    ]
    return Findings([direct, *figures], plots=[_plot(list(above.values()))], notes=_notes(times))


def _plot(above: list[int]) -> Plot:
    return Plot(
        "above_a_call",
        "What stands in front of an object costs each call",
        "in front of the object",
        "above a direct call (instructions)",
        [Series("instructions", list(range(len(above))), above)],
        Style.BARS,
        [each.label for each in _IN_FRONT],
        caption="Forwarding takes no frame and saves no register; a handler is an ordinary function that "
        "calls on. An arbiter's calls go by the interceptor. K42's null adaptor, which changes stacks, took "
        "228 cycles.",
    )


def _notes(times: int) -> list[str]:
    return [
        f"One loop calls a method that does nothing {times:,} times, then twice as often: the difference is "
        "exact, without the marks. No timer interrupt and no other thread comes in between. What is counted "
        "is what each call takes more than the same call with nothing in front, its return included.",
        "Both arbiters find the object behind them anew for each call, under the lock of its entry. The one "
        "that sees the return also keeps a record of the call and returns by the trampoline.",
    ]


EXPERIMENT: Final = Experiment(
    "adaptors",
    "Cost of adaptor objects",
    "section 6.2.2",
    "What does an arbiter or an adaptor in front of an object cost each call?",
    run,
    lambda _setting: 1,
)
