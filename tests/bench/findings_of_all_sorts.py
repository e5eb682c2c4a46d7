"""One of everything that findings may hold."""

from __future__ import annotations

from typing import Final

from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Aim, Basis, Event, Figure, Findings, Plot, Series, Style, Table
from emulator.errors import GuestError

FIGURES: Final = (
    Figure("null", "null adaptor", 18, "instructions", aim=Aim(most=80), reference="K42: 228 cycles"),
    Figure("dip", "dip", 6.25, "%", aim=Aim(most=5), spread=(1.5, 9.75)),
    Figure("speed", "speed", 1234.5, "MIPS", Basis.WALL),
    Figure("ratio", "ratio", None, "ratio", Basis.WALL, Aim(least=1), note="no <QEMU> here"),
)
PLOTS: Final = (
    Plot(
        "bins",
        "Throughput & update",
        "virtual time (ms)",
        "jobs (1/ms)",
        (
            Series("updated", (0, 1, 2), (5, 4, 5), (4, 3, 4), (6, 5, 6)),
            Series("control", (0, 1, 2), (5, 5, 5)),
        ),
        Style.STEPS,
        events=(Event("last converted", 2), Event("applied", 1, until=2)),
    ),
    Plot(
        "bars",
        "Factories",
        "class",
        "create (instructions)",
        (
            Series("static", (0, 1), (700, 2000)),
            Series("factory", (0, 1), (800, 2100), (790, 2000), (810, 2200)),
        ),
        Style.BARS,
        categories=("dummy", "FCM"),
    ),
    Plot(
        "marking",
        "Marking",
        "instances (1)",
        "marking (instructions)",
        (Series("here", (10, 100), (450, 4500)), Series("K42", (170,), (9000,), of_reference=True)),
        x_log=True,
        y_log=True,
        caption="A line through the origin is linear growth.",
    ),
)
FINDINGS: Final = Findings(
    FIGURES, (Table("By size", ("n", "time (ns)"), (("10", 12.5), ("100", None))),), PLOTS, ("a < b & c",)
)


def measure(setting: Setting) -> Findings:
    """Two parts."""
    setting.on_part("first")
    setting.on_part("second")
    return FINDINGS


def fail(setting: Setting) -> Findings:
    """In its first part."""
    setting.on_part("only")
    raise GuestError("the guest panicked")


def experiment(name: str = "good", *, broken: bool = False) -> Experiment:
    """One that measures nothing, in this process."""
    run = fail if broken else measure
    return Experiment(name, f"Of {name}", "table 6.1", "What for?", run, lambda _: 2, wants_the_host=True)
