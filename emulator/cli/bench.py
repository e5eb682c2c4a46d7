"""``evergreen bench``."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from emulator.cli.options import json_option
from emulator.cli.output import print_document, print_result, say
from emulator.cli.progress import BuildProgress
from emulator.errors import GuestError, UsageError

if TYPE_CHECKING:
    from emulator.bench.run import SuiteRun

_EXTRA: Final = {"matplotlib": "matplotlib", "jinja2": "Jinja2"}
"""What the extra ``bench`` of the package installs."""
_DEFAULT: Final = Path("evergreen-bench.html")


@click.command("bench")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--quick", is_flag=True, help="Small sizes, under a minute: do the figures come out?")
@click.option("--seed", type=click.IntRange(0), default=None, help="First seed.  [default: 1]")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_DEFAULT,
    show_default=True,
    metavar="FILE.html",
    help="The report; FILE.json beside it has every figure.",
)
@click.option("--list", "as_list", is_flag=True, help="Show the experiments.")
@json_option
def command(
    names: tuple[str, ...], quick: bool, seed: int | None, output: Path, as_list: bool, as_json: bool
) -> None:
    """Measure what dynamic update costs: all experiments, or those named.

    Writes a report with pictures and a JSON file, and prints a table. Figures in virtual time are exact:
    they repeat to the digit with the same seed. Without --quick all of it takes some five minutes.

    \b
    Examples:
      evergreen bench
      evergreen bench --list
      evergreen bench --quick
      evergreen bench factories adaptors -o costs.html
    """
    from emulator.bench.experiment import DEFAULT_SEED, Setting, select
    from emulator.bench.suite import EXPERIMENTS

    if as_list:
        _print_list(as_json)
        return
    try:
        experiments = select(EXPERIMENTS, names)
    except KeyError as unknown:
        known = ", ".join(each.name for each in EXPERIMENTS)
        raise UsageError(f"no experiment is called {unknown.args[0]}; there are {known}") from None
    _check(output)
    from emulator.bench.run import run_suite

    setting = Setting(quick, DEFAULT_SEED if seed is None else seed)
    total = sum(each.parts(setting) for each in experiments)
    with BuildProgress("Measuring") as progress:
        done = 0

        def on_part(name: str, part: str) -> None:
            nonlocal done
            done += 1
            progress(done, total, f"{name}: {part}")

        progress(0, total, "")
        run = run_suite(experiments, setting, on_part)
    _write(run, output, as_json)
    if run.failed:
        raise GuestError("; ".join(f"{each.experiment.name}: {each.error}" for each in run.failed))


def _print_list(as_json: bool) -> None:
    from emulator.bench.suite import EXPERIMENTS

    rows = [{"name": each.name, "title": each.title, "reference": each.reference} for each in EXPERIMENTS]
    if as_json:
        print_document({"experiments": rows})
        return
    for row in rows:
        print_result(f"{row['name']:<16} {row['title']} ({row['reference']})")


def _check(output: Path) -> None:
    """Before minutes of measuring."""
    missing = [name for module, name in _EXTRA.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageError(f"the report needs {' and '.join(missing)}: pip install 'evergreen[bench]'")
    if output.suffix != ".html":
        raise UsageError(f"--output {output}: the report is a page, call it {output.stem}.html")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"--output {output}: {output.parent} is no folder")


def _write(run: SuiteRun, output: Path, as_json: bool) -> None:
    from emulator.bench.report.document import document
    from emulator.bench.report.page import render

    found: dict[str, Any] = document(run)
    figures = output.with_suffix(".json")
    output.write_text(render(run), encoding="utf-8")
    figures.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        print_document(found)
    else:
        for line in _lines(run):
            print_result(line)
    say(f"{output} and {figures} have it all")


def _lines(run: SuiteRun) -> list[str]:
    from emulator.bench.report.numbers import number, spread, verdict

    lines = []
    for outcome in run.outcomes:
        lines.append(f"{outcome.experiment.title} ({outcome.experiment.name})")
        for figure in outcome.findings.figures:
            beside = [verdict(figure), f"seeds: {spread(figure)}" if figure.spread else "", figure.reference]
            remarks = "; ".join(filter(None, beside))
            value = f"{number(figure.value):>14} {figure.unit}"
            lines.append(f"  {figure.what:<52} {value:<28} {remarks}".rstrip())
    return lines
