"""The experiments, in the order of the report."""

from __future__ import annotations

from typing import Final

from emulator.bench import adaptors
from emulator.bench.experiment import Experiment

EXPERIMENTS: Final[tuple[Experiment, ...]] = (adaptors.EXPERIMENT,)
