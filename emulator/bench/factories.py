"""Objects are created and destroyed by factories, and without: section 6.1.2 of the reference, table 6.1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from emulator.bench.executions import Executions
from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Aim, Figure, Findings, Plot, Series, Style, Table
from emulator.bench.guest_loops import BATCH, GuestLoops, guest_loops
from emulator.modules.demangle import without_parameters
from toolchain.kernel import WITHOUT_FACTORIES, build_kernel

OBJECTS: Final = 100_000
OBJECTS_QUICK: Final = 10 * BATCH
_COMMAND: Final = "bench-factories"
_EMPTY: Final = "none"
_COST_MOST: Final = 100
_DUMMY_CLASS: Final = "bench.Dummy"
_HEAP_OBJECTS: Final = 32
_OBJECT_TAG: Final = "object"
_DUMMIES_COMMAND: Final = "bench-dummies"
_DUMMIES: Final = 10 * BATCH


@dataclass(frozen=True)
class _Kind:
    """What is created, by the name of its loops in the guest."""

    loop: str
    what: str
    objects: int
    """That are made by a factory each."""
    reference: str


_KINDS: Final = (
    _Kind(
        "dummy",
        "an object of one number",
        1,
        "K42: 1.3 us static, 1.4 us by factory: 7.7 %, about 200 cycles",
    ),
    _Kind("fcm", "a file cache manager", 1, "K42: 2.0 us static, 2.1 us by factory: 2.8 %, about 200 cycles"),
    _Kind("process", "a process", 2, "K42: 13.4 us static, 13.5 us by factory: 0.70 %, about 200 cycles"),
)
_STEPS: Final = ("create", "destroy")


@dataclass(frozen=True)
class _Kernel:
    """What was measured on one of the two kernels."""

    costs: Mapping[str, float]
    """Instructions of one operation, the mean of all."""
    heap_bytes: float
    """Of one dummy object."""
    functions: Mapping[str, float]
    """Instructions in each of the kernel's functions for one dummy object, which is created and destroyed."""


def run(setting: Setting) -> Findings:
    """See ``EXPERIMENT``."""
    times = OBJECTS_QUICK if setting.quick else OBJECTS
    measured = []
    for flags, what in (((), "by factories"), (WITHOUT_FACTORIES, "without factories")):
        with guest_loops(setting.seed, build_kernel(flags=flags), cpus=1) as loops:
            measured.append(_Kernel(_costs(loops, times), _heap_bytes(loops), _functions(loops)))
        setting.on_part(what)
    by_factory, static = measured
    figures = [
        figure for kind in _KINDS for step in _STEPS for figure in _figures(kind, step, by_factory, static)
    ]
    return Findings(
        [*figures, *_memory(by_factory, static)],
        [_table(by_factory, static), _where(by_factory, static)],
        [_plot(by_factory, static)],
        _notes(times),
    )


def cost_of_factory(seed: int) -> float:
    """Instructions by which a factory makes the life of a dummy object dearer: its creation and its end."""
    lives = []
    for flags in ((), WITHOUT_FACTORIES):
        with guest_loops(seed, build_kernel(flags=flags), cpus=1) as loops:
            spans = loops.run(_DUMMIES_COMMAND, OBJECTS_QUICK)
            # As in _costs, but for what marks and loops take: the difference has none of it.
            lives.append(sum(span.instructions for span in spans) / OBJECTS_QUICK)
    by_factory, static = lives
    return by_factory - static


def _costs(loops: GuestLoops, times: int) -> Mapping[str, float]:
    batches: Mapping[str, list[int]] = defaultdict(list)
    for span in loops.run(_COMMAND, times):
        batches[span.name].append(span.instructions)
    # The first batch finds memory that nobody has used before.
    found = {name: sum(counts[1:]) / times for name, counts in batches.items()}
    return {name: cost - found[f"{_EMPTY}.{name.partition('.')[2]}"] for name, cost in found.items()}


def _heap_bytes(loops: GuestLoops) -> float:
    monitor = loops.machine.monitor

    def live() -> int:
        monitor.drain()
        return sum(row.bytes for row in monitor.memory() if row.tag == _OBJECT_TAG)

    before = live()
    for _ in range(_HEAP_OBJECTS):
        monitor.create(_DUMMY_CLASS)
    return (live() - before) / _HEAP_OBJECTS


def _functions(loops: GuestLoops) -> Mapping[str, float]:
    """From twice as many objects less the first run: what is not done for each of them cancels out."""
    loops.run(_DUMMIES_COMMAND, _DUMMIES)
    counts = []
    for times in (_DUMMIES, 2 * _DUMMIES):
        with Executions(loops.machine) as executions:
            loops.run(_DUMMIES_COMMAND, times)
        counts.append(executions.by_function())
    once, twice = counts
    return {name: (twice[name] - once[name]) / _DUMMIES for name in twice}


def _figures(kind: _Kind, step: str, by_factory: _Kernel, static: _Kernel) -> list[Figure]:
    with_one, without = (each.costs[f"{kind.loop}.{step}"] for each in (by_factory, static))
    more = with_one - without
    what = f"{step} {kind.what}"
    name, reference = f"{kind.loop}_{step}", kind.reference if step == "create" else ""
    return [
        Figure(f"{name}_static", f"{what}, statically bound", without, "instructions"),
        Figure(
            f"{name}_factory_cost",
            f"{what}, more by factory, for each object",
            more / kind.objects,
            "instructions",
            aim=Aim(most=_COST_MOST),
            note=f"{kind.objects} objects, each by a factory" if kind.objects > 1 else "",
        ),
        Figure(
            f"{name}_overhead",
            f"{what}, more by factory",
            100 * more / without,
            "%",
            reference=reference,
        ),
    ]


def _memory(by_factory: _Kernel, static: _Kernel) -> list[Figure]:
    return [
        Figure("dummy_heap", "heap of a dummy object", static.heap_bytes, "bytes"),
        Figure(
            "factory_heap_cost",
            "more heap by factory, for each object",
            by_factory.heap_bytes - static.heap_bytes,
            "bytes",
            reference="K42: two words an object",
            note="its two links lie in its entry of the global table, which takes 64 bytes either way",
        ),
    ]


def _table(by_factory: _Kernel, static: _Kernel) -> Table:
    rows = []
    for kind in _KINDS:
        for step in _STEPS:
            with_one, without = (each.costs[f"{kind.loop}.{step}"] for each in (by_factory, static))
            more = with_one - without
            rows.append((f"{kind.loop}, {step}", without, with_one, more, 100 * more / without))
    columns = ("object", "static (instructions)", "factory (instructions)", "more (instructions)", "more (%)")
    return Table("Cost of creating and destroying kernel objects, with and without a factory", columns, rows)


def _where(by_factory: _Kernel, static: _Kernel) -> Table:
    """The kernel's functions in which a dummy object takes another number of instructions with a factory."""
    rows = []
    for name in sorted({*by_factory.functions, *static.functions}):
        with_one, without = by_factory.functions.get(name, 0.0), static.functions.get(name, 0.0)
        if abs(with_one - without) >= 1:
            rows.append((without_parameters(name), without, with_one, with_one - without))
    rows.sort(key=lambda row: -row[-1])
    columns = ("function of the kernel", "static (instructions)", "factory (instructions)", "more")
    return Table("Where: a dummy object, created and destroyed, by the function that executes", columns, rows)


def _plot(by_factory: _Kernel, static: _Kernel) -> Plot:
    names = [f"{kind.loop}.{step}" for kind in _KINDS for step in _STEPS]
    return Plot(
        "cost",
        "Creating and destroying objects with and without factories",
        "object and operation",
        "cost of one operation (instructions)",
        [
            Series(label, list(range(len(names))), [kernel.costs[name] for name in names])
            for label, kernel in (("static", static), ("factory", by_factory))
        ],
        Style.BARS,
        [name.replace(".", "\n") for name in names],
        y_log=True,
        caption="A factory adds about the same to each object, so the share falls with what the object costs "
        "by itself; in K42 from 7.7 % of a dummy object's creation to 0.70 % of a process'.",
    )


def _notes(times: int) -> list[str]:
    return [
        f"Each is created and destroyed {times:,} times, {BATCH} at a time, between marks whose cost is "
        "subtracted, on the kernel as it ships and on one that is built without factories: objects are "
        "created by code that is bound when it is built, and destroyed without being looked up. The "
        "machine has one CPU, so that nobody is in the way at a lock, and no timer interrupt comes in "
        "between. The dead are freed and the heap is emptied outside the marks, so that every batch finds "
        "the same; new pages of the heap are part of the cost.",
        "A destruction by factory finds the factory from the object's class and calls it, some 35 "
        "instructions; the rest locks the list of the CPU on which the object was made, and takes it out, "
        "with interrupts off once for this lock and the entry's. A creation knows its factory by the class "
        "that it was compiled with.",
        "A process is made with its address translation, so two factories are asked. Its creation clears the "
        "root of a page table.",
    ]


EXPERIMENT: Final = Experiment(
    "factories",
    "Cost of factories",
    "section 6.1.2, table 6.1",
    "What does a factory add to creating and destroying an object?",
    run,
    lambda _setting: 2,
)
