"""A scenario's run as a timeline for ui.perfetto.dev. The traced run is the run that nobody traced."""

from emulator.trace.run import Trace, trace_scenario

__all__ = ["Trace", "trace_scenario"]
