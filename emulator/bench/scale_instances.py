"""How the steps of an update grow with the number of instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulator.abi.loader import ConversionMode
from emulator.abi.memory_map import PAGE_SIZE
from emulator.bench.crowd import boot_for_crowd, make_crowd, update_crowd
from emulator.bench.findings import Aim, Figure, Plot, Series, Table
from emulator.bench.growth import exponent
from emulator.bench.update_steps import UpdateSteps

CPUS: Final = 2
MOST_CONVERTED: Final = 10_000
"""More are marked and not converted: converting them takes each the same, and the host much time."""

_FLAT: Final = 1.03
"""As many instructions an instance, to within the timer's interrupts, from a thousand instances on."""
_COUNTABLE: Final = 100_000
"""So many take pages enough to tell what each takes."""
_FROM: Final = 1_000
"""Fewer are so few that what begins and ends a marking shows."""


@dataclass(frozen=True)
class AtSize:
    """One machine, on which nothing else goes on."""

    instances: int
    steps: UpdateSteps
    guest_bytes: int
    """What they take of the guest's memory, entries and page tables included, in whole pages."""
    converted: bool

    @property
    def marking(self) -> float:
        """Instructions to mark an instance."""
        return sum(self.steps.marking) / self.instances

    @property
    def conversion(self) -> float | None:
        """Instructions to convert an instance; None where they were left."""
        return self.steps.conversions / self.instances if self.converted else None


def measure_size(instances: int, seed: int) -> AtSize:
    """Boots a machine of its own."""
    converted = instances <= MOST_CONVERTED
    with boot_for_crowd(instances, CPUS, seed) as machine:
        before = len(machine.hardware.engine.used_pages())
        make_crowd(machine, instances)
        pages = len(machine.hardware.engine.used_pages()) - before
        steps = update_crowd(machine, ConversionMode.EAGER if converted else ConversionMode.LAZY)
        return AtSize(instances, steps, pages * PAGE_SIZE, converted)


def instance_figures(sizes: Sequence[AtSize]) -> list[Figure]:
    """Of the most instances, and how they grow."""
    large = [at for at in sizes if at.instances >= _FROM]
    last, counts = large[-1], [at.instances for at in sizes]
    converted = [at for at in sizes if at.conversion is not None]
    many = [at for at in converted if at.instances >= _FROM]
    return [
        Figure(
            "marking_per_instance",
            f"to mark an instance, of {last.instances:,}",
            last.marking,
            "instructions",
            aim=Aim(most=50),
            reference="K42: 487 us for 170 instances",
        ),
        Figure(
            "marking_flatness",
            f"most over least instructions to mark an instance, from {_FROM:,} instances on",
            max(at.marking for at in large) / min(at.marking for at in large),
            "ratio",
            aim=Aim(most=_FLAT),
        ),
        Figure(
            "marking_exponent",
            f"marking grows with that power of the instances, from {_FROM:,} on",
            exponent([at.instances for at in large], [sum(at.steps.marking) for at in large]),
            "exponent",
        ),
        Figure(
            "conversion_per_instance",
            f"to convert an instance, of {converted[-1].instances:,}",
            converted[-1].conversion,
            "instructions",
        ),
        Figure(
            "conversion_exponent",
            f"converting all grows with that power of the instances, from {_FROM:,} on",
            exponent([at.instances for at in many], [at.steps.conversions for at in many]),
            "exponent",
        ),
        Figure(
            "factory_swap",
            f"to swap the factory of {last.instances:,} instances",
            last.steps.factory_ns,
            "ns",
            reference="K42: 7 ms, with the conversion of the factory",
        ),
        Figure(
            "factory_swap_exponent",
            "swapping the factory grows with that power of the instances",
            exponent(counts, [at.steps.factory_ns for at in sizes]),
            "exponent",
        ),
        Figure(
            "quiescence_idle",
            "until the marks are in force, on a machine with nothing else to do",
            last.steps.quiescence_ns,
            "ns",
        ),
        Figure(
            "memory_per_instance",
            f"memory of the guest for an instance, of {last.instances:,}",
            last.guest_bytes / last.instances if last.instances >= _COUNTABLE else None,
            "bytes",
            note="" if last.instances >= _COUNTABLE else "too few to tell in whole pages",
        ),
    ]


def instance_table(sizes: Sequence[AtSize]) -> Table:
    """All of them."""
    columns = (
        "instances",
        "marking (instructions each)",
        "marking (ns)",
        "conversion (instructions each)",
        "factory swap (ns)",
        "quiescence (ns)",
    )
    rows = [
        (
            at.instances,
            at.marking,
            at.steps.marking_ns,
            at.conversion,
            at.steps.factory_ns,
            at.steps.quiescence_ns,
        )
        for at in sizes
    ]
    return Table("By instances, two idle CPUs", columns, rows)


def instance_plots(sizes: Sequence[AtSize]) -> list[Plot]:
    """The time of the steps, and the instructions an instance."""
    counts = [float(at.instances) for at in sizes]
    converted = [at for at in sizes if at.conversion is not None]
    steps = Plot(
        "steps_by_instances",
        "Steps of an update by instances",
        "instances",
        "virtual time (ns)",
        [
            Series("marking, both CPUs side by side", counts, [at.steps.marking_ns for at in sizes]),
            Series("factory swap", counts, [at.steps.factory_ns for at in sizes]),
            Series("wait until the marks are in force", counts, [at.steps.quiescence_ns for at in sizes]),
        ],
        x_log=True,
        y_log=True,
        caption="Only marking looks at each instance; the others do not know how many there are.",
    )
    each = Plot(
        "marking_by_instances",
        "Marking and converting an instance",
        "instances",
        "instructions an instance",
        [
            Series("marking", counts, [at.marking for at in sizes]),
            Series(
                "converting",
                [float(at.instances) for at in converted],
                [at.conversion for at in converted if at.conversion is not None],
            ),
        ],
        x_log=True,
        y_log=True,
        caption="Flat: an instance costs the same, however many there are. With ten, begin and end show.",
    )
    return [steps, each]
