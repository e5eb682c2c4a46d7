"""What each step does. What the guest fails and what is not as expected is a GuestError."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.checkpoint import Checkpoint
from emulator.errors import GuestError, ModuleError, UsageError
from emulator.filesystem import Image, Tree
from emulator.machine import StopReason, Until
from emulator.monitor.replies import Kept
from emulator.scenario import steps
from emulator.scenario.disk import look_at_disk
from emulator.scenario.figures import compare
from emulator.scenario.look import look
from emulator.scenario.session import Outcome, Session
from emulator.scenario.shipped import classes_of
from emulator.scenario.values import format_duration
from emulator.workload import JOB_MIX, KeptFiles, read_kept_files

if TYPE_CHECKING:
    from emulator.abi.loader import ConversionMode
    from emulator.monitor import Monitor
    from emulator.monitor.replies import WorkloadStatus

_LOOK_EVERY_NS = 1_000_000
"""How often a waiting step asks how far a workload has come."""


@singledispatch
def perform(step: steps.Step, session: Session) -> Outcome:
    """Does what the step says and returns what came of it. Raises GuestError when it fails."""
    del session
    raise TypeError(f"{step.do} is no step that can be performed")


@perform.register
def _(step: steps.Boot, session: Session) -> Outcome:
    stop = session.machine.run_until_ready(step.within)
    if stop.reason is not StopReason.READY:
        raise GuestError(f"the kernel did not get ready: {session.describe_end()}")
    return Outcome(f"ready, {session.machine.config.cpus} CPUs")


@perform.register
def _(step: steps.Start, session: Session) -> Outcome:
    seed = session.workload_seed if step.seed is None else step.seed
    session.machine.monitor.workload_start(
        step.workload, clients=step.clients, operations=step.operations, seed=seed, grab=step.grab
    )
    session.look_at(step.workload)
    clients = step.clients or session.machine.config.cpus
    return Outcome(f"{step.workload} with {clients} clients")


@perform.register
def _(step: steps.Stop, session: Session) -> Outcome:
    session.machine.monitor.workload_stop(step.workload)
    return _ended(step.workload, step.within, session)


@perform.register
def _(step: steps.Wait, session: Session) -> Outcome:
    machine = session.machine
    if step.time is not None:
        session.run_until(machine.virtual_ns + step.time)
        session.look_at_all()
        return Outcome(f"{format_duration(step.time)} of virtual time")
    if step.workload is None:
        return Outcome(f"at {format_duration(machine.virtual_ns)}")
    if step.operations is None:
        return _ended(step.workload, step.within, session)
    deadline = machine.virtual_ns + step.within
    while (status := session.look_at(step.workload)).operations < step.operations:
        left = min(deadline, machine.virtual_ns + _LOOK_EVERY_NS)
        if not status.running or machine.virtual_ns >= deadline or not session.run_until(left):
            raise GuestError(f"{step.workload} did {status.operations} operations, not {step.operations}")
    return Outcome(_figures(status), _workload_values(status))


@perform.register
def _(step: steps.Apply, session: Session) -> Outcome:
    monitor, modules = session.machine.monitor, session.modules(step.update)
    try:
        if not step.wait:
            return _begin_apply(monitor, modules, step.conversion)
        records = monitor.apply_all(modules, limit_ns=step.within, mode=step.conversion)
    except ModuleError as refusal:
        session.note_rejected(step.update, refusal)
        raise
    session.look_at_all()
    classes = [str(update) for path in modules for update in classes_of(path)]
    names = [record.name for record in records]
    return Outcome(f"{', '.join(names)} active", {"updates": names, "classes": classes})


def _begin_apply(monitor: Monitor, modules: list[Path], mode: ConversionMode | None) -> Outcome:
    if len(modules) != 1:
        raise UsageError("an ordered set of modules is applied one after the other: wait for it")
    monitor.start_apply(modules[0], mode=mode)
    return Outcome(f"{modules[0].stem} begun")


@perform.register
def _(step: steps.Unload, session: Session) -> Outcome:
    session.machine.monitor.unload(step.module)
    return Outcome(f"{step.module} unloaded")


@perform.register
def _(step: steps.Swap, session: Session) -> Outcome:
    record = session.machine.monitor.swap(step.object, step.class_name, limit_ns=step.within)
    session.look_at_all()
    return Outcome(f"{step.object}: {record.old_class} -> {record.new_class}", {"swap": record.id})


@perform.register
def _(step: steps.Create, session: Session) -> Outcome:
    reference = session.machine.monitor.create(step.class_name)
    return Outcome(f"{step.class_name} {reference}", {"reference": reference})


@perform.register
def _(step: steps.Destroy, session: Session) -> Outcome:
    session.machine.monitor.destroy(step.object)
    return Outcome(f"{step.object} destroyed")


@perform.register
def _(step: steps.DefaultFactory, session: Session) -> Outcome:
    session.machine.monitor.set_default_factory(step.kind, step.class_name)
    return Outcome(f"{step.kind}: {step.class_name} by default")


@perform.register
def _(step: steps.Watch, session: Session) -> Outcome:
    session.machine.monitor.watch(step.object)
    return Outcome(f"counting the calls of {step.object}")


@perform.register
def _(step: steps.Unwatch, session: Session) -> Outcome:
    counts = session.machine.monitor.unwatch(step.object)
    calls = sum(count.calls for count in counts)
    return Outcome(f"{step.object}: {calls} calls", {"methods": [asdict(count) for count in counts]})


@perform.register
def _(step: steps.Adapt, session: Session) -> Outcome:
    reference = session.machine.monitor.adapt(step.object)
    return Outcome(f"{step.object} leads to {reference} through an adaptor", {"reference": reference})


@perform.register
def _(step: steps.Unadapt, session: Session) -> Outcome:
    session.machine.monitor.unadapt(step.object)
    return Outcome(f"no adaptor on {step.object}")


@perform.register
def _(step: steps.Look, session: Session) -> Outcome:
    rows = look(session, step.what, step.of)
    subject = step.what if step.of is None else f"{step.what} of {step.of}"
    return Outcome(f"{subject}: {len(rows)}", {"rows": rows})


@perform.register
def _(step: steps.Advance, session: Session) -> Outcome:
    machine = session.machine
    if step.cpu >= len(machine.cpus):
        raise UsageError(f"CPU {step.cpu}: there are {len(machine.cpus)}")
    cpu = machine.cpus[step.cpu]
    goal, deadline = cpu.instructions + step.instructions, machine.virtual_ns + step.within
    stop = machine.run(Until(deadline_ns=deadline, cpu=step.cpu, instructions=goal))
    if not stop.reached:
        raise GuestError(f"CPU {step.cpu} did not execute them: {session.describe_end()}")
    place = machine.symbols.locate(cpu.registers["pc"])
    return Outcome(f"CPU {step.cpu} at {place}", {"pc": f"{place.address:#x}"})


@perform.register
def _(step: steps.Assemble, session: Session) -> Outcome:
    code = session.machine.monitor.assemble(step.place, step.instructions)
    return Outcome(f"{step.place}: {code.hex(' ', 4)}")


@perform.register
def _(step: steps.Cancel, session: Session) -> Outcome:
    record = session.machine.monitor.cancel(step.update, limit_ns=step.within)
    session.look_at_all()
    return Outcome(f"{record.name} cancelled")


@perform.register
def _(step: steps.Revert, session: Session) -> Outcome:
    record = session.machine.monitor.revert(step.update, limit_ns=step.within)
    session.look_at_all()
    return Outcome(f"{record.name} reverted")


@perform.register
def _(step: steps.Save, session: Session) -> Outcome:
    path = session.folder / step.file
    size = session.machine.save().write(path)
    return Outcome(f"{path}: {size:,} bytes")


@perform.register
def _(step: steps.Restore, session: Session) -> Outcome:
    machine = session.machine
    machine.restore(Checkpoint.read(session.folder / step.file))
    return Outcome(f"{machine.config.cpus} CPUs at {format_duration(machine.virtual_ns)}")


@perform.register
def _(step: steps.Hold, session: Session) -> Outcome:
    session.machine.monitor.hold_thread(step.thread)
    return Outcome(f"thread {step.thread} held")


@perform.register
def _(step: steps.Release, session: Session) -> Outcome:
    session.machine.monitor.release_thread(step.thread)
    return Outcome(f"thread {step.thread} released")


@perform.register
def _(step: steps.Schedule, session: Session) -> Outcome:
    machine = session.machine
    quantum = machine.config.quantum if step.quantum is None else step.quantum
    policy = resolve_policy(step.policy or machine.hardware.policy.name, session.folder)
    machine.use_policy(policy, quantum=quantum, seed=step.seed)
    return Outcome(f"policy {machine.hardware.policy.name}")


@perform.register
def _(step: steps.ExpectConsole, session: Session) -> Outcome:
    pattern = re.compile(step.pattern or re.escape(step.text or ""), re.MULTILINE)
    machine = session.machine
    deadline = machine.virtual_ns + step.within
    while (found := pattern.search(machine.console)) is None:
        if machine.virtual_ns >= deadline or not session.run_until(
            min(deadline, machine.virtual_ns + _LOOK_EVERY_NS)
        ):
            raise GuestError(f"the console never showed {step.text or step.pattern}")
    return Outcome(f"console: {found.group()}")


@perform.register
def _(step: steps.Expect, session: Session) -> Outcome:
    return Outcome(compare(step, session))


@perform.register
def _(step: steps.Trace, session: Session) -> Outcome:
    session.machine.monitor.tracing.switch(step.point, on=step.on)
    return Outcome(f"{step.point} {'on' if step.on else 'off'}")


@perform.register
def _(step: steps.Command, session: Session) -> Outcome:
    session.machine.monitor.commands.run(step.name, step.words)
    return Outcome(f"{step.name} {step.words}".rstrip())


@perform.register
def _(step: steps.Test, session: Session) -> Outcome:
    outcomes = session.machine.monitor.commands.run_tests(step.tests)
    failed = [f"{outcome.name}: {outcome.failure}" for outcome in outcomes if outcome.failure]
    if failed or not outcomes:
        raise GuestError("; ".join(failed) or f"no module has brought tests whose names begin {step.tests}")
    names = [outcome.name for outcome in outcomes]
    return Outcome(f"{len(names)} tests ok", {"tests": names})


@perform.register
def _(step: steps.Drain, session: Session) -> Outcome:
    del step
    session.machine.monitor.drain()
    memory = {each.tag: each.bytes for each in session.machine.monitor.memory()}
    return Outcome(f"{memory['frames']:,} bytes of page frames in use", {"memory": memory})


@perform.register
def _(step: steps.PowerOff, session: Session) -> Outcome:
    session.look_at_all()
    session.machine.monitor.power_off()
    stop = session.machine.run(Until(deadline_ns=session.machine.virtual_ns + step.within))
    if stop.reason is not StopReason.HALTED:
        raise GuestError(f"the guest did not power off: {session.describe_end()}")
    return Outcome("the guest powered off")


@perform.register
def _(step: steps.CheckDisk, session: Session) -> Outcome:
    medium = session.machine.devices.disk.medium
    outcome = look_at_disk(step, medium)
    status = session.machine.monitor.workloads_seen.get(JOB_MIX)
    if status is None or status.running:
        return outcome
    _compare_kept(read_kept_files(Tree(Image(medium.read))), status)
    return replace(
        outcome, text=f"{outcome.text}, all {status.kept.files} of {JOB_MIX} as its clients wrote them"
    )


def _compare_kept(found: KeptFiles, status: WorkloadStatus) -> None:
    if found.problems:
        raise GuestError(f"{len(found.problems)} chunks are wrong: {found.problems[0]}")
    on_disk = Kept(found.files, found.bytes, found.digest)
    if on_disk != status.kept:
        raise GuestError(f"{status.name} left {status.kept}, on the disk is {on_disk}")


def resolve_policy(policy: str, folder: Path) -> str:
    """``script:FILE`` with the file relative to the scenario's folder."""
    kind, colon, file = policy.partition(":")
    return f"{kind}:{folder / file}" if colon else policy


def _ended(workload: str, within: int, session: Session) -> Outcome:
    status = session.wait_until_ended(workload, within)
    if status.errors:
        raise GuestError(f"{workload}: {status.errors} of {status.operations} operations went wrong")
    return Outcome(_figures(status), _workload_values(status))


def _figures(status: WorkloadStatus) -> str:
    return f"{status.name}: {status.operations} operations, {status.errors} errors"


def _workload_values(status: WorkloadStatus) -> dict[str, int]:
    return {
        "operations": status.operations,
        "errors": status.errors,
        "elapsed_ns": status.elapsed_ns,
        "per_minute": status.per_minute,
    }
