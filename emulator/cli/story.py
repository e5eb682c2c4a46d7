"""What a run's document says, told in a dozen lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.cli.run_output import milliseconds

_PHASES: Final = ("forward", "block", "transfer", "complete")


def tell(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines, from the update to how the machine ended."""
    for update in document["updates"]:
        yield f"update {update['name']}: {update['state']}" + (
            f", {update['text']}" if update["text"] else ""
        )
        for swap in update["swaps"]:
            yield from _tell_swap(swap, document)
    for swap in document["swaps"]:
        yield from _tell_swap(swap, document)
    yield from _tell_workload(document)
    yield from _tell_pauses(document)
    yield _tell_end(document)


def tell_updates(
    updates: Sequence[Mapping[str, Any]], workload: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Each update with its swaps; ``workload`` has what was done in the whole run."""
    for update in updates:
        yield f"update {update['name']}: {update['state']}" + (
            f", {update['text']}" if update["text"] else ""
        )
        for swap in update["swaps"]:
            yield from _tell_swap(swap, workload)


def _tell_swap(swap: Mapping[str, Any], workload: Mapping[str, Any] | None) -> Iterator[str]:
    yield f"  swap of {swap['reference']}: {swap['old_class']} -> {swap['new_class']}, {swap['outcome']}"
    for name in _PHASES:
        times = [phase for phase in swap["phases"] if phase["name"] == name]
        if times:
            yield _tell_phase(name, times)
    yield (
        f"  calls       {swap['calls_forwarded']:,} forwarded, {swap['calls_blocked']:,} blocked, "
        f"the longest for {milliseconds(swap['blocked_ns_max'])}"
    )
    samples = swap["workload"]
    if samples and workload is not None:
        yield _tell_operations(samples, workload)


def _tell_phase(name: str, times: Sequence[Mapping[str, Any]]) -> str:
    start = min(phase["start_ns"] for phase in times)
    end = max(phase["end_ns"] for phase in times)
    if not end:
        return f"  {name:<11} from {milliseconds(start)}, aborted"
    cpus = ", ".join(str(cpu) for cpu in sorted({phase["cpu"] for phase in times}))
    took = milliseconds(end - start)
    return f"  {name:<11} {milliseconds(start)} to {milliseconds(end)} ({took}, CPU {cpus})"


def _tell_operations(samples: Sequence[Mapping[str, Any]], workload: Mapping[str, Any]) -> str:
    """Before, during and after, of the workloads that ran when the swap began."""
    names = {sample["name"] for sample in samples}
    before = sum(_of(samples, name)[0] for name in names)
    done = sum(_of(samples, name)[-1] for name in names)
    final = sum(part["operations"] for part in workload["parts"] if part["name"] in names)
    return f"  operations  {before:,} before, {done - before:,} during, {max(0, final - done):,} after"


def _of(samples: Sequence[Mapping[str, Any]], name: str) -> list[int]:
    return [sample["operations"] for sample in samples if sample["name"] == name]


def _tell_workload(document: Mapping[str, Any]) -> Iterator[str]:
    for part in document["workload"]["parts"]:
        errors = part["errors"]
        lost = "nothing lost" if not errors else f"{errors:,} WENT WRONG"
        yield f"workload {part['name']}: {part['operations']:,} operations, {lost}"


def _tell_pauses(document: Mapping[str, Any]) -> Iterator[str]:
    gaps = document["workload"]["longest_gap_ns"]
    if not any(gaps):
        return
    yield f"longest time without a completed operation: {_per_cpu(gaps)}"
    control = document["control"]
    if control is not None and control["error"] is None:
        yield f"  and the same run without the update:      {_per_cpu(control['workload']['longest_gap_ns'])}"


def _per_cpu(gaps: Sequence[int]) -> str:
    return ", ".join(f"CPU {cpu} {milliseconds(gap)}" for cpu, gap in enumerate(gaps))


def _tell_end(document: Mapping[str, Any]) -> str:
    executed = sum(cpu["instructions"] for cpu in document["cpus"])
    return (
        f"{document['exit']} after {milliseconds(document['virtual_ns'])} of virtual time, {executed:,} "
        f"instructions on {len(document['cpus'])} CPUs, {document['wall_seconds']:.2f} s"
    )
