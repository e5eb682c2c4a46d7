"""What a run's document says, told in a dozen lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.cli.run_output import milliseconds

_PHASES: Final = ("forward", "block", "transfer", "complete")
_SWAPS_TOLD: Final = 2


def tell(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines, from the first update to how the machine ended."""
    workload, first, classes = document["workload"], _applied_first(document), _classes(document)
    for update in document["updates"]:
        if update["name"] in first and update["state"] == "active":
            yield f"update {update['name']}: applied before load, as the shipped race wants it"
        else:
            yield from tell_updates([update], workload, classes.get(update["name"], ()))
    for swap in document["swaps"]:
        yield from _tell_swap(swap, workload)
    yield from _tell_workload(workload)
    yield from _tell_pauses(workload, document["control"])
    yield _tell_end(document)


def tell_updates(
    updates: Sequence[Mapping[str, Any]],
    workload: Mapping[str, Any] | None = None,
    classes: Sequence[str] = (),
) -> Iterator[str]:
    """Each update with its swaps; ``workload``: what was done in the whole run, ``classes``: what changed."""
    for update in updates:
        more = "".join(f", {part}" for part in (update["text"], *classes) if part)
        yield f"update {update['name']}: {update['state']}{more}"
        yield from _tell_swaps(update["swaps"], workload)
        yield from _tell_conversions(update)


def _tell_swaps(swaps: Sequence[Mapping[str, Any]], workload: Mapping[str, Any] | None) -> Iterator[str]:
    """The first ones each for itself: of a class with many instances the others are all alike."""
    for swap in swaps[:_SWAPS_TOLD]:
        yield from _tell_swap(swap, workload)
    more = swaps[_SWAPS_TOLD:]
    if more:
        blocked = milliseconds(max(swap["blocked_ns_max"] for swap in more))
        yield f"  {len(more):,} more swaps of single instances, a call blocked for {blocked} at most"


def _tell_conversions(update: Mapping[str, Any]) -> Iterator[str]:
    counts = [
        f"{update[name]:,} {name}" for name in ("converted", "unconverted", "failed") if update.get(name)
    ]
    if counts:
        yield f"  instances   {', '.join(counts)}"
    for thread in update.get("stalled", ()):
        inside = f", inside {thread['reference']}" if thread["reference"] else ""
        yield (
            f"  stalled     thread {thread['thread']} {thread['name']} on CPU {thread['cpu']}, generation "
            f"{thread['generation']}, since {milliseconds(thread['since_ns'])}{inside}"
        )


def _applied_first(document: Mapping[str, Any]) -> set[str]:
    """Updates that the runner applied on its own."""
    mine = [step for step in _applied(document) if not step["line"]]
    return {name for step in mine for name in step["updates"]}


def _classes(document: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """What an update of one module brings, by its name."""
    alone = [step for step in _applied(document) if len(step["updates"]) == 1]
    return {step["updates"][0]: step["classes"] for step in alone}


def _applied(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [step for step in document["steps"] if step["do"] == "apply" and "updates" in step]


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


def _tell_workload(workload: Mapping[str, Any]) -> Iterator[str]:
    for part in workload["parts"]:
        errors, operations = part["errors"], part["operations"]
        if part["running"]:
            yield f"workload {part['name']}: still running, {operations:,} operations when last asked"
            continue
        lost = "nothing lost" if not errors else f"{errors:,} WENT WRONG"
        yield f"workload {part['name']}: {operations:,} operations, {lost}"


def _tell_pauses(workload: Mapping[str, Any], control: Mapping[str, Any] | None) -> Iterator[str]:
    gaps = workload["longest_gap_ns"]
    if not any(gaps):
        return
    yield f"never stopped: longest time without a completed operation {_per_cpu(gaps)}"
    if control is not None and control["error"] is None:
        yield f"               the same run without the update           {_per_cpu(_gaps(control))}"


def _gaps(control: Mapping[str, Any]) -> Sequence[int]:
    gaps: Sequence[int] = control["workload"]["longest_gap_ns"]
    return gaps


def _per_cpu(gaps: Sequence[int]) -> str:
    return ", ".join(f"CPU {cpu} {milliseconds(gap)}" for cpu, gap in enumerate(gaps))


def _tell_end(document: Mapping[str, Any]) -> str:
    executed = sum(cpu["instructions"] for cpu in document["cpus"])
    return (
        f"{document['exit']} after {milliseconds(document['virtual_ns'])} of virtual time, {executed:,} "
        f"instructions on {len(document['cpus'])} CPUs, {document['wall_seconds']:.2f} s"
    )
