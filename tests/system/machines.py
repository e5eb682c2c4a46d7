"""Machines for the tests of the whole: booted once, and from there on each test has its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from emulator import Checkpoint, Machine, SystemConfig
from emulator.machine import StopReason
from toolchain.kernel import KernelImage, build_kernel
from toolchain.module import build_update
from toolchain.paths import installation


@cache
def kernel() -> KernelImage:
    """The shipped kernel."""
    return build_kernel()


@cache
def module(update: str) -> Path:
    """The only module of a shipped update."""
    (built,) = build_update(installation().updates / update, kernel())
    return built.path


@cache
def written_module(
    name: str, body: str, classes: Sequence[tuple[str, int, int]] = (), keys: str = ""
) -> bytes:
    """A module of one source, for the shipped kernel; ``keys`` are further lines of its update.toml."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as directory:
        folder = Path(directory) / name
        folder.mkdir()
        updates = "".join(
            f'\n[[class]]\nname = "{cls}"\nfrom = {old}\nto = {new}\n' for cls, old, new in classes
        )
        manifest = f'name = "{name}"\nrevision = 1\nsummary = "A test"\n{keys}\n{updates}'
        (folder / "update.toml").write_text(manifest, encoding="utf-8")
        (folder / f"{name}.cpp").write_text(body, encoding="utf-8")
        (built,) = build_update(folder, kernel())
        return built.path.read_bytes()


@cache
def _ready(cpus: int, policy: str, memory: int) -> Checkpoint:
    with Machine(SystemConfig(cpus, memory, policy=policy, kernel=kernel().path)) as machine:
        stop = machine.run_until_ready()
        assert stop.reason is StopReason.READY, f"{stop}\n{machine.console}"
        return machine.save()


def ready_machine(cpus: int = 2, policy: str = "round-robin", memory: int = 64 << 20) -> Machine:
    """One that is at READY; use it in a ``with``."""
    return Machine.from_checkpoint(_ready(cpus, policy, memory), kernel=kernel().path)
