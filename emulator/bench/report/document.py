"""The JSON document of a run: every figure, table and plot."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emulator.bench.findings import Figure
from emulator.bench.run import Outcome, SuiteRun


def document(run: SuiteRun) -> dict[str, Any]:
    """Keys are stable; figures are found by experiment and name."""
    return {
        "evergreen": run.version,
        "kernel": run.kernel,
        "seed": run.setting.seed,
        "quick": run.setting.quick,
        "host": asdict(run.host),
        "experiments": {each.experiment.name: _experiment(each) for each in run.outcomes},
    }


def _experiment(outcome: Outcome) -> dict[str, Any]:
    experiment, findings = outcome.experiment, outcome.findings
    return {
        "title": experiment.title,
        "reference": experiment.reference,
        "error": outcome.error or None,
        "figures": {each.name: _figure(each) for each in findings.figures},
        "tables": [asdict(each) for each in findings.tables],
        "plots": {each.name: asdict(each) for each in findings.plots},
        "notes": list(findings.notes),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    aim = None if figure.aim is None else {"most": figure.aim.most, "least": figure.aim.least}
    return {**asdict(figure), "aim": aim, "met": figure.met}
