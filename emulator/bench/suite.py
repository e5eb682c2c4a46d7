"""The experiments, in the order of the report."""

from __future__ import annotations

from typing import Final

from emulator.bench import (
    adaptors,
    factories,
    fcm_adaptor,
    file_sync,
    indirection,
    machine,
    page_allocator,
    scale,
    throughput,
)
from emulator.bench.experiment import Experiment

EXPERIMENTS: Final[tuple[Experiment, ...]] = (
    indirection.EXPERIMENT,
    factories.EXPERIMENT,
    throughput.EXPERIMENT,
    file_sync.EXPERIMENT,
    adaptors.EXPERIMENT,
    page_allocator.EXPERIMENT,
    fcm_adaptor.EXPERIMENT,
    scale.EXPERIMENT,
    machine.EXPERIMENT,
)
