"""What it costs that every call goes through a reference: section 6.1.1 of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulator.bench.call_cost import RETURN, CallCost
from emulator.bench.executions import Executions
from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Aim, Figure, Findings, Plot, Series, Style, Table
from emulator.bench.guest_loops import guest_loops
from emulator.bench.job_runs import LoadedKernel
from emulator.bench.object_calls import CallCode, InterfaceCalls
from toolchain.kernel import build_kernel

_PASSES: Final = 100_000
_PASSES_QUICK: Final = 100
_CLIENTS: Final = 8
_JOBS: Final = 40
_JOBS_QUICK: Final = 5
_LOADS_MORE: Final = 1
_K42_VIRTUAL: Final = 5
_K42_OBJECT: Final = 6


@dataclass(frozen=True)
class _JobMix:
    """What was executed in a run of the job mix."""

    instructions: int
    jobs: int
    through_pointers: int
    interfaces: Sequence[InterfaceCalls]

    @property
    def calls(self) -> int:
        """Through references."""
        return sum(each.calls for each in self.interfaces)

    @property
    def single(self) -> int:
        """Those of interfaces that have one implementation."""
        return sum(each.calls for each in self.interfaces if each.implementations == 1)

    def share(self, instructions: float) -> float:
        """Of all that was executed, in percent."""
        return 100 * instructions / self.instructions


def run(setting: Setting) -> Findings:
    """See ``EXPERIMENT``."""
    with guest_loops(setting.seed) as loops:
        cost = CallCost.of(loops, _PASSES_QUICK if setting.quick else _PASSES)
    setting.on_part("instructions of a call")
    mix = _job_mix(_JOBS_QUICK if setting.quick else _JOBS, setting.seed)
    setting.on_part("calls in the job mix")
    return Findings(
        [*_cost_figures(cost), *_mix_figures(mix, cost)], [_table(mix)], [_plot(cost)], _notes(mix, cost)
    )


def _job_mix(jobs: int, seed: int) -> _JobMix:
    with LoadedKernel.of(build_kernel()).started(_CLIENTS, jobs, seed) as started:
        before = sum(cpu.instructions for cpu in started.machine.cpus)
        with Executions(started.machine) as executions:
            status = started.wait()
        executed = sum(cpu.instructions for cpu in started.machine.cpus) - before
        code = CallCode(started.machine)
        return _JobMix(executed, status.operations, code.through_pointers(executions), code.calls(executions))


def _cost_figures(cost: CallCost) -> list[Figure]:
    both = "the same by the run and by the disassembly of what ran"
    return [
        Figure("direct_call", "a direct call, and its return", cost.direct, "instructions", note=both),
        Figure(
            "virtual_call",
            "a plain virtual call, and its return",
            cost.virtual,
            "instructions",
            reference=f"K42: {_K42_VIRTUAL} instructions, without the return",
            note=both,
        ),
        Figure(
            "object_call",
            "an object call, and its return",
            cost.object,
            "instructions",
            reference=f"K42: {_K42_OBJECT} instructions, without the return",
            note=both,
        ),
        Figure(
            "object_above_virtual",
            "an object call more than a virtual call",
            cost.object - cost.virtual,
            "instructions",
            aim=Aim(most=_LOADS_MORE + 1),
            reference="K42: one dependent load",
            note="the load of the table entry",
        ),
    ]


def _mix_figures(mix: _JobMix, cost: CallCost) -> list[Figure]:
    return [
        Figure("object_calls", "object calls in the job mix", mix.calls, "calls"),
        Figure("object_calls_per_job", "object calls of a job", mix.calls / mix.jobs, "calls"),
        Figure(
            "calls_through_pointers",
            "calls of any kind whose callee is in a register, in the job mix",
            mix.through_pointers,
            "calls",
        ),
        Figure(
            "indirection_share",
            "loads of table entries, of all instructions of the job mix",
            mix.share(mix.calls * (cost.object - cost.virtual)),
            "%",
            reference="K42: less than 0.1 % of the running time",
        ),
        Figure(
            "call_share",
            "object calls and their returns, of all instructions of the job mix",
            mix.share(mix.calls * cost.object),
            "%",
        ),
        Figure(
            "single_implementation",
            "object calls of interfaces with one implementation, of all object calls",
            100 * mix.single / mix.calls,
            "%",
        ),
        Figure(
            "devirtualised_saving",
            "estimate: these made direct calls, of all instructions of the job mix",
            mix.share(mix.single * (cost.object - cost.direct)),
            "%",
            note=f"{mix.single:,} calls, {cost.object - cost.direct} instructions less each",
        ),
    ]


def _table(mix: _JobMix) -> Table:
    rows = [
        (each.interface, each.implementations, each.calls, 100 * each.calls / mix.calls)
        for each in mix.interfaces
        if each.calls
    ]
    columns = ("interface", "implementations", "object calls", "share (%)")
    return Table(f"Object calls in the job mix, {_CLIENTS} clients", columns, rows)


def _plot(cost: CallCost) -> Plot:
    return Plot(
        "calls",
        "Instructions up to the callee's first",
        "call",
        "instructions",
        [
            Series(
                "Evergreen", [0, 1, 2], [each - RETURN for each in (cost.direct, cost.virtual, cost.object)]
            ),
            Series("K42", [1, 2], [_K42_VIRTUAL, _K42_OBJECT], of_reference=True),
        ],
        Style.BARS,
        ["direct", "virtual", "object"],
        caption="An object call is one dependent load longer than a virtual call, here as in K42. The way "
        f"back is {RETURN} more.",
    )


def _notes(mix: _JobMix, cost: CallCost) -> list[str]:
    return [
        "A call is counted from the load through the reference (the table entry; of a virtual call the "
        "virtual table; of a direct call the branch) to the callee's first instruction, and back. Four "
        "loops that differ in the call alone run with interrupts off, between marks; each pass takes as "
        "many instructions as the disassembly of the loaded code has, or the experiment fails.",
        f"The job mix ran with {_CLIENTS} clients: {mix.jobs:,} jobs, {mix.instructions:,} instructions. The "
        "engine counted how often each instruction of the kernel was executed. A call through a reference is "
        "counted where it arrives: executions of a method's first instruction, less those of the direct "
        "branches that lead there.",
        "The estimate is what cross-module optimisation would give at least: where an interface has one "
        f"implementation, a call would take {cost.direct} instructions in place of {cost.object}. What "
        "inlining would then save beside is not in it.",
    ]


EXPERIMENT: Final = Experiment(
    "indirection",
    "Cost of calls through references",
    "section 6.1.1",
    "What does it cost that every object is called through a table entry that can be swung?",
    run,
    lambda _setting: 2,
)
