"""The experiments, in the order of the report."""

from __future__ import annotations

from typing import Final

from emulator.bench import adaptors, factories, indirection, throughput
from emulator.bench.experiment import Experiment

EXPERIMENTS: Final[tuple[Experiment, ...]] = (
    indirection.EXPERIMENT,
    factories.EXPERIMENT,
    throughput.EXPERIMENT,
    adaptors.EXPERIMENT,
)
