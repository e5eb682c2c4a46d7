"""Applying a module: check and link it here, have the guest load it, and follow its update to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from emulator.abi.loader import ConversionMode
from emulator.abi.status import Code
from emulator.devices.loader import LoadOutcome, ModuleLoader
from emulator.errors import UsageError
from emulator.monitor.journal import Journal
from emulator.monitor.module_registry import ModuleRegistry
from emulator.monitor.records import UpdateFailed, UpdateRecord
from emulator.monitor.requests import Requests, meaning


class Updates:
    """Loads and what came of them."""

    def __init__(
        self,
        loader: ModuleLoader,
        registry: ModuleRegistry,
        journal: Journal,
        requests: Requests,
        catch_up: Callable[[], None],
    ) -> None:
        self._loader = loader
        self._registry = registry
        self._journal = journal
        self._requests = requests
        self._catch_up = catch_up
        self._loads: dict[int, tuple[str, int]] = {}
        """Name of the module of each load, and the newest update when it was asked for."""

    def clear(self) -> None:
        """Another machine's state was restored: its loads are not known by id."""
        self._loads = {}

    def start(self, module: Path | bytes, mode: ConversionMode | None = None) -> int:
        """Raises ModuleError and UsageError; the guest was not touched then. ``mode`` None: the module's."""
        self._catch_up()
        image = self._registry.add(_read(module))
        if mode is not None:
            image = replace(image, mode=mode)
        load = self._loader.load(image)
        self._loads[load] = (image.name, max(self._journal.updates, default=0))
        return load

    def apply(self, module: Path | bytes, limit_ns: int, mode: ConversionMode | None = None) -> UpdateRecord:
        """Waits until the update is active. Raises UpdateFailed besides what ``start`` raises."""
        load = self.start(module, mode)
        name, _ = self._loads[load]
        self._requests.wait(lambda: self._loader.outcome(load) is not None, f"update {name}", limit_ns)
        record = self.outcome(load)
        assert record is not None
        if not record.active:
            raise UpdateFailed(f"update {name} {record.state}: {record.text}", record)
        return record

    def outcome(self, load: int) -> UpdateRecord | None:
        """None while the load is under way. Raises UsageError when there was no such load."""
        if load not in self._loads:
            raise UsageError(f"load {load} is not one of this session's")
        outcome = self._loader.outcome(load)
        if outcome is None:
            return None
        self._catch_up()
        name, before = self._loads[load]
        newer = [each for each in self._journal.updates.values() if each.id > before and each.name == name]
        record = newer[0] if newer else UpdateRecord(name, state="aborted")
        if outcome.code is not Code.OK:
            record.reason = record.reason or outcome.code.name.lower()
            record.text = record.text or self._describe(outcome)
        return record

    def _describe(self, outcome: LoadOutcome) -> str:
        """What failed, in one line."""
        words = outcome.text or meaning(outcome.code)
        if not outcome.vector:
            return words
        place = self._registry.locate(outcome)
        return f"{words}: exception {outcome.vector:#x} at {place}, data address {outcome.data_address:#x}"


def _read(module: Path | bytes) -> bytes:
    if isinstance(module, bytes):
        return module
    try:
        return module.read_bytes()
    except OSError as error:
        raise UsageError(f"module {module}: {error.strerror}") from None
