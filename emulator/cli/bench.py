"""``evergreen bench``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.options import json_option
from emulator.cli.output import print_document, print_result, say
from emulator.errors import UsageError

if TYPE_CHECKING:
    from emulator.bench.engine import EngineSpeed, LoopSpeed

_MILLION = 1e6
_CLIENTS_MAX = 64


@click.group("bench", no_args_is_help=False)
def command() -> None:
    """Measure the machine."""


@command.command("engine")
@click.option(
    "--quantum", type=click.IntRange(1000), default=None, help="Instructions of a turn.  [default: 20000]"
)
@json_option
def engine(quantum: int | None, as_json: bool) -> None:
    """Measure guest instructions per second with both CPUs busy.

    Where qemu-system-ppc64 is installed, the same loops run there too, with and without -icount shift=0.

    \b
    Examples:
      evergreen bench engine
      evergreen bench engine --json
    """
    from emulator.bench.engine import measure_engine
    from emulator.machine.policy import DEFAULT_QUANTUM

    if not as_json:
        say("measuring, some seconds ...")
    speed = measure_engine(quantum or DEFAULT_QUANTUM)
    if as_json:
        print_document(_document(speed))
        return
    for loop in speed.loops:
        print_result(_line(loop))
    ratio = speed.ratio_to_qemu_icount
    print_result("QEMU is not installed" if ratio is None else f"lowest ratio to QEMU -icount: {ratio:.2f}")


@command.command("job-mix")
@click.option("--clients", default="1,2,4,8,16", show_default=True, help="Client counts, one run each.")
@click.option("--jobs", type=click.IntRange(1), default=40, show_default=True, help="Of each client.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--cpus", type=click.IntRange(1, 8), default=2, show_default=True)
@json_option
def job_mix(clients: str, jobs: int, seed: int, cpus: int, as_json: bool) -> None:
    """Measure the throughput of the job mix over client counts, in virtual time.

    \b
    Examples:
      evergreen bench job-mix
      evergreen bench job-mix --clients 8 --jobs 100 --cpus 4
    """
    from emulator.bench.job_mix import measure_job_mix

    counts = _counts(clients)
    if not as_json:
        say(f"{jobs} jobs of each client, {cpus} CPUs, seed {seed} ...")
    runs = []
    for run in measure_job_mix(counts, jobs, seed, cpus):
        runs.append(run)
        if not as_json:
            print_result(
                f"{run.clients:>3} clients {run.per_minute:>10,} jobs a virtual minute, {run.errors} wrong, "
                f"longest gap {run.longest_gap_ns / _MILLION:.2f} ms"
            )
    if as_json:
        print_document({"jobs": jobs, "seed": seed, "cpus": cpus, "runs": [asdict(run) for run in runs]})


def _counts(text: str) -> list[int]:
    counts = [int(word) for word in text.split(",") if word.strip().isdecimal()]
    if len(counts) != len(text.split(",")) or not all(1 <= count <= _CLIENTS_MAX for count in counts):
        raise UsageError(f"--clients {text}: numbers from 1 to {_CLIENTS_MAX}, separated by commas")
    return counts


def _line(loop: LoopSpeed) -> str:
    line = f"{loop.name:<14} {loop.instructions_per_second / _MILLION:8.1f} million instructions/s"
    if loop.ratio_to_qemu is None or loop.ratio_to_qemu_icount is None:
        return line
    return f"{line}; QEMU: {loop.ratio_to_qemu:.2f}, with -icount: {loop.ratio_to_qemu_icount:.2f}"


def _document(speed: EngineSpeed) -> dict[str, Any]:
    return {
        "quantum": speed.quantum,
        "instructions_per_second": min(loop.instructions_per_second for loop in speed.loops),
        "ratio_to_qemu": _lowest([loop.ratio_to_qemu for loop in speed.loops]),
        "ratio_to_qemu_icount": speed.ratio_to_qemu_icount,
        "loops": [
            {
                **asdict(loop),
                "ratio_to_qemu": loop.ratio_to_qemu,
                "ratio_to_qemu_icount": loop.ratio_to_qemu_icount,
            }
            for loop in speed.loops
        ],
    }


def _lowest(ratios: list[float | None]) -> float | None:
    known = [ratio for ratio in ratios if ratio is not None]
    return min(known) if len(known) == len(ratios) else None
