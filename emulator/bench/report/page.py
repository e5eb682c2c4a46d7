"""The report: one HTML page that stands for itself, pictures inside, without scripts."""

from __future__ import annotations

from importlib.resources import files

from emulator.bench.report.numbers import number, spread, verdict
from emulator.bench.report.plots import draw
from emulator.bench.run import SuiteRun


def render(run: SuiteRun) -> str:
    """The page's text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(number=number, spread=spread, verdict=verdict, draw=draw)
    source = files("emulator.bench.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(run=run)
