"""Plots as SVG, by matplotlib: the same bytes for the same findings."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from emulator.bench.findings import Event, Plot, Series, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES: Final = (7.6, 3.7)
_COLOURS: Final = ("#0b5fa5", "#c8501e", "#3a7d34", "#7a4fa3", "#8c6d1f", "#1f8a8a")
"""Told apart in print and by the colour-blind as well."""
_REFERENCE_COLOUR: Final = "#777777"
_EVENT_COLOUR: Final = "#444444"
_MARKERS: Final = "osD^vP"
_ROWS_OF_LABELS: Final = 3
_ROW_POINTS: Final = 11


def draw(plot: Plot) -> str:
    """An ``<svg>`` element that stands for itself."""
    # What matplotlib tells of its font cache is nothing that a user can act on.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(
        {"svg.hashsalt": plot.name, "svg.fonttype": "none", "font.size": 9.5, "axes.axisbelow": True}
    ):
        picture = Figure(figsize=_INCHES, layout="constrained")
        axes = picture.add_subplot()
        _draw_series(axes, plot)
        _label(axes, plot)
        _mark_events(axes, plot)
        text = io.StringIO()
        picture.savefig(text, format="svg", metadata={"Date": None, "Title": plot.title})
    return text.getvalue()[text.getvalue().index("<svg") :]


def _draw_series(axes: Axes, plot: Plot) -> None:
    for index, series in enumerate(plot.series):
        colour = _REFERENCE_COLOUR if series.of_reference else _COLOURS[index % len(_COLOURS)]
        if plot.style is Style.BARS:
            _draw_bars(axes, series, index, len(plot.series), colour)
        elif plot.style is Style.STEPS:
            axes.step(series.x, series.y, where="post", label=series.name, color=colour, linewidth=1.4)
        else:
            dashes = "--" if series.of_reference else "-"
            marker = _MARKERS[index % len(_MARKERS)]
            axes.plot(
                series.x, series.y, dashes, label=series.name, color=colour, marker=marker, markersize=4
            )
        if series.low and plot.style is not Style.BARS:
            bins = plot.style is Style.STEPS
            axes.fill_between(
                series.x,
                series.low,
                series.high,
                color=colour,
                alpha=0.18,
                lw=0,
                step="post" if bins else None,
            )


def _draw_bars(axes: Axes, series: Series, index: int, count: int, colour: str) -> None:
    width = 0.8 / count
    places = [x - 0.4 + width * (index + 0.5) for x in series.x]
    spread = None
    if series.low:
        spread = [
            [y - low for y, low in zip(series.y, series.low, strict=True)],
            [high - y for y, high in zip(series.y, series.high, strict=True)],
        ]
    axes.bar(places, series.y, width, label=series.name, color=colour, yerr=spread, capsize=2)


def _label(axes: Axes, plot: Plot) -> None:
    axes.set_xlabel(plot.x_label)
    axes.set_ylabel(plot.y_label)
    if plot.x_log:
        axes.set_xscale("log")
    if plot.y_log:
        axes.set_yscale("log")
    elif all(value >= 0 for series in plot.series for value in series.y):
        axes.set_ylim(bottom=0)
    if plot.categories:
        axes.set_xticks(range(len(plot.categories)), plot.categories)
    if not plot.y_log:
        axes.yaxis.set_major_formatter(lambda value, _position: f"{value:,.10g}")
    axes.grid(visible=True, color="#dddddd", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    if len(plot.series) > 1:
        axes.legend(frameon=False, loc="best")


def _mark_events(axes: Axes, plot: Plot) -> None:
    """A line for a moment, a band for a span; labels in rows above the axes, so that near ones stay apart."""
    for row, event in enumerate(_in_order(plot)):
        axes.axvline(event.at, color=_EVENT_COLOUR, linewidth=0.9, linestyle=":")
        if event.until is not None:
            axes.axvspan(event.at, event.until, color="#f3d9a4", alpha=0.45, lw=0)
        axes.annotate(
            event.label,
            (event.at, 1),
            xycoords=("data", "axes fraction"),
            xytext=(2, 2 + _ROW_POINTS * (row % _ROWS_OF_LABELS)),
            textcoords="offset points",
            fontsize=8,
            color=_EVENT_COLOUR,
        )


def _in_order(plot: Plot) -> Sequence[Event]:
    return sorted(plot.events, key=lambda event: event.at)
