"""The monitor: asks the running guest for things, follows its updates, and puts names to its addresses."""

from emulator.monitor.monitor import Monitor
from emulator.monitor.panic_report import PanicReport
from emulator.monitor.records import (
    PhaseRecord,
    SwapFailed,
    SwapRecord,
    UpdateFailed,
    UpdateRecord,
    WorkloadSample,
)
from emulator.monitor.symboliser import Location, Symboliser

__all__ = [
    "Location",
    "Monitor",
    "PanicReport",
    "PhaseRecord",
    "SwapFailed",
    "SwapRecord",
    "Symboliser",
    "UpdateFailed",
    "UpdateRecord",
    "WorkloadSample",
]
