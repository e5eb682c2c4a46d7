"""The experiment ``machine``: what the machine itself takes of the host, and how fast it is beside QEMU."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulator.bench.checkpoints import CheckpointCost, measure_checkpoint
from emulator.bench.crossings import CROSSINGS, CrossingCost, measure_crossing
from emulator.bench.engine import LoopSpeed, measure_loop
from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Aim, Basis, Figure, Findings, Plot, Series, Style, Table
from emulator.bench.fresh_process import FreshBoot, boot_in_fresh_process
from emulator.bench.loops import CALLS, LOOPS, MEMORY
from emulator.bench.qemu import qemu_installed
from emulator.machine.config import MIB
from emulator.scenario.session import Session
from emulator.scenario.steps import Start
from emulator.system import Machine
from emulator.system_config import SystemConfig
from emulator.workload import JOB_MIX

_CPUS: Final = 2
_MEMORY: Final = 64 * MIB
_LARGE: Final = 1024 * MIB
_MILLION: Final = 1e6
_MS: Final = 1e3
_CLIENTS: Final = 8
_LOADED_NS: Final = 20_000_000
"""Virtual time for which a machine works before it counts as loaded."""
_NO_QEMU: Final = "qemu-system-ppc64 is not installed on this host"
_AIMS: Final = {CALLS.name: Aim(least=1.0), MEMORY.name: Aim(least=0.9)}


@dataclass(frozen=True)
class _Size:
    boots: int
    iterations: int
    loop_rounds: int
    passes: int
    rounds: int
    checkpoints: int


_QUICK: Final = _Size(boots=1, iterations=1 << 18, loop_rounds=1, passes=1 << 16, rounds=1, checkpoints=1)
_FULL: Final = _Size(boots=5, iterations=1 << 22, loop_rounds=15, passes=1 << 18, rounds=4, checkpoints=5)


def _parts(_setting: Setting) -> int:
    return 2 + len(LOOPS) + len(CROSSINGS)


def _run(setting: Setting) -> Findings:
    size = _QUICK if setting.quick else _FULL
    boots = [boot_in_fresh_process(_CPUS, _MEMORY) for _ in range(size.boots)]
    large = boot_in_fresh_process(_CPUS, _LARGE)
    setting.on_part("boots in processes of their own")
    ready, loaded = _checkpoints(setting.seed, size.checkpoints)
    setting.on_part("checkpoints")
    speeds: list[LoopSpeed] = []
    for loop in LOOPS:
        speeds.append(measure_loop(loop, size.iterations, size.loop_rounds))
        setting.on_part(f"loop of {loop.name}")
    costs: list[CrossingCost] = []
    for crossing in CROSSINGS:
        costs.append(measure_crossing(crossing, size.passes, size.rounds))
        setting.on_part(crossing.what)
    return Findings(
        figures=(
            *_start_figures(boots, large),
            *(figure for speed in speeds for figure in _speed_figures(speed)),
            *(figure for cost in costs for figure in _crossing_figures(cost)),
            *_checkpoint_figures("ready", "a machine that is ready", ready),
            *_checkpoint_figures("loaded", f"one with {_CLIENTS} clients of the job mix", loaded),
        ),
        tables=(_speed_table(speeds),),
        plots=(_speed_plot(speeds),),
        notes=_NOTES,
    )


_NOTES: Final = (
    "Speed is instructions of both CPUs, which take turns on one thread of the host, in a second of "
    "processor time, beside those of one CPU of QEMU: by turns, in rounds of a tenth of a second. A speed is "
    "the best of the rounds, a ratio the median of theirs: what else the host does, and a clock that it "
    "changes, meet both sides of a round alike.",
    "Beside its instructions a basic block pays for counting them and for asking whether it may run: "
    "seven instructions of the host, in the block itself, as many as QEMU 7.2 with -icount spends. Where "
    "the library's code is not the one that is known, and on hosts other than x86-64 with Linux, it makes "
    "two calls for that, of 23 instructions. What both translate a load or a store to is the same eleven "
    "or twelve. Turns of 20,000 instructions beside turns of a million cost one or two hundredths.",
    "A cold start is a process of its own, from its start to the kernel's word that it is ready, the "
    "least of several. In a checkout it looks whether a source of the kernel has changed; an "
    "installed package need not. Memory is the resident set of that process.",
    "The cost of a hypercall or of a device register is the difference of two loops that are equal "
    "but for it. QEMU's hypercall beside ours is one that it refuses.",
)


def _checkpoints(seed: int, rounds: int) -> tuple[CheckpointCost, CheckpointCost]:
    with Machine(SystemConfig(cpus=_CPUS, seed=seed)) as machine:
        machine.run_until_ready()
        ready = measure_checkpoint(machine, rounds)
        session = Session(machine, workload_seed=seed)
        session.do(Start(workload=JOB_MIX, clients=_CLIENTS))
        machine.run_for(_LOADED_NS)
        return ready, measure_checkpoint(machine, rounds)


def _start_figures(boots: Sequence[FreshBoot], large: FreshBoot) -> list[Figure]:
    first = boots[0]
    resident = [boot.resident for boot in boots if boot.resident is not None]
    before = [boot.resident_before for boot in boots if boot.resident_before is not None]
    used = statistics.median(resident) if resident else None
    python = statistics.median(before) if before else None
    more = None if used is None or large.resident is None else large.resident - used
    note = "" if resident else "this host does not tell the resident set of a process"
    return [
        Figure(
            "cold_start",
            "from the start of a process to a kernel that is ready",
            min(boot.seconds for boot in boots),
            "s",
            Basis.WALL,
            Aim(most=0.7),
        ),
        Figure(
            "cold_start_processor",
            "processor time of that",
            min(boot.processor_seconds for boot in boots),
            "s",
            Basis.WALL,
        ),
        Figure(
            "boot_instructions", "instructions of the boot, both CPUs", first.instructions, "instructions"
        ),
        Figure("boot_virtual", "virtual time of the boot", first.virtual_ns, "ns"),
        Figure("boot_memory", "memory that the booted guest has written", first.guest_bytes, "bytes"),
        Figure(
            "host_memory",
            f"host memory of a booted machine of {_MEMORY // MIB} MB",
            used,
            "bytes",
            Basis.WALL,
            note=note,
        ),
        Figure(
            "host_memory_python",
            "of that before the machine was made",
            python,
            "bytes",
            Basis.WALL,
            note=note,
        ),
        Figure(
            "host_memory_per_guest_mb",
            f"host memory for each MB more, up to {_LARGE // MIB} MB, of which nothing is used",
            None if more is None else more / ((_LARGE - _MEMORY) // MIB),
            "bytes",
            Basis.WALL,
            note=note or "the guest's tables; a page of the guest that is used is one of the host",
        ),
    ]


def _key(name: str) -> str:
    return re.sub(r"\W+", "_", name)


def _speed_figures(speed: LoopSpeed) -> list[Figure]:
    key, note = _key(speed.name), "" if qemu_installed() else _NO_QEMU
    return [
        Figure(
            f"speed_{key}",
            f"emulation of {speed.name}, both CPUs busy",
            speed.instructions_per_second / _MILLION,
            "million instructions/s",
            Basis.WALL,
        ),
        Figure(
            f"icount_ratio_{key}",
            f"{speed.name}: beside QEMU -icount shift=0",
            speed.ratio_to_qemu_icount,
            "ratio",
            Basis.WALL,
            _AIMS.get(speed.name),
            note=note,
        ),
        Figure(
            f"qemu_ratio_{key}",
            f"{speed.name}: beside QEMU that counts nothing",
            speed.ratio_to_qemu,
            "ratio",
            Basis.WALL,
            note=note,
        ),
    ]


def _crossing_figures(cost: CrossingCost) -> list[Figure]:
    crossing = cost.crossing
    figures = [
        Figure(f"{crossing.name}_ns", crossing.what, cost.ns, "ns", Basis.WALL),
        Figure(f"{crossing.name}_instructions", crossing.what, cost.instructions, "instructions"),
    ]
    if crossing.on_qemu:
        ratio = None if cost.qemu_ns is None else cost.ns / cost.qemu_ns
        note = "" if qemu_installed() else _NO_QEMU
        figures.append(
            Figure(
                f"{crossing.name}_qemu_ratio",
                "time of a hypercall beside QEMU's",
                ratio,
                "ratio",
                Basis.WALL,
                note=note,
            )
        )
    return figures


def _checkpoint_figures(key: str, of: str, cost: CheckpointCost) -> list[Figure]:
    times = (("write", cost.write), ("read", cost.read), ("running", cost.running))
    what = {
        "write": f"to write a checkpoint of {of}",
        "read": "to read it",
        "running": "from there to a machine that goes on",
    }
    return [
        Figure(f"checkpoint_{key}_bytes", f"checkpoint of {of}", cost.bytes, "bytes", Basis.WALL),
        Figure(f"checkpoint_{key}_guest_bytes", "memory of the guest in it", cost.guest_bytes, "bytes"),
        *(
            Figure(f"checkpoint_{key}_{name}", what[name], value * _MS, "ms", Basis.WALL)
            for name, value in times
        ),
    ]


def _millions(speed: float | None) -> float | None:
    return None if speed is None else speed / _MILLION


def _speed_table(speeds: Sequence[LoopSpeed]) -> Table:
    columns = ("loop", "both CPUs here", "QEMU", "QEMU -icount", "of QEMU", "of QEMU -icount")
    rows = [
        (
            speed.name,
            _millions(speed.instructions_per_second),
            _millions(speed.qemu_per_second),
            _millions(speed.qemu_icount_per_second),
            speed.ratio_to_qemu,
            speed.ratio_to_qemu_icount,
        )
        for speed in speeds
    ]
    return Table("Speed of emulation, million instructions a second of processor time", columns, rows)


def _places(speeds: Sequence[LoopSpeed]) -> list[float]:
    return [float(place) for place in range(len(speeds))]


def _speed_plot(speeds: Sequence[LoopSpeed]) -> Plot:
    here = Series(
        "both CPUs here", _places(speeds), [speed.instructions_per_second / _MILLION for speed in speeds]
    )
    counting = [speed.qemu_icount_per_second for speed in speeds]
    known = [speed / _MILLION for speed in counting if speed is not None]
    there = [Series("QEMU -icount, one CPU", _places(speeds), known)] if len(known) == len(speeds) else []
    return Plot(
        "speed",
        "Speed of emulation",
        "loop",
        "million instructions a second",
        [here, *there],
        Style.BARS,
        [speed.name for speed in speeds],
        caption="Both CPUs together, beside one CPU of QEMU that counts its instructions too.",
    )


EXPERIMENT: Final = Experiment(
    "machine",
    "The machine itself",
    "beyond the reference",
    "How long does it take to start, how fast does it run beside QEMU, and what does it take of the host?",
    _run,
    _parts,
    wants_the_host=True,
)
