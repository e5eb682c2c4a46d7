"""What is written where: results on stdout, the rest on stderr, colours only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from emulator.report import SCHEMA


def print_document(document: Mapping[str, Any]) -> None:
    """The one JSON document of a command, on stdout. ``schema`` is the version of its keys."""
    click.echo(json.dumps({"schema": SCHEMA, **document}, indent=2, ensure_ascii=False))


def print_result(text: str) -> None:
    """A line for people that is the command's result, on stdout."""
    click.echo(text)


def say(text: str) -> None:
    """A line for people that is no result, on stderr."""
    click.echo(text, err=True)


def fail(message: str, code: int) -> int:
    """Says on stderr what went wrong, and returns the exit code."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {message}", err=True)
    return code


def report_failure(message: str, code: int, *, as_json: bool) -> int:
    """As :func:`fail`; with ``as_json`` there is a document too."""
    if as_json:
        print_document({"exit_code": code, "error": message})
    return fail(message, code)


def on_terminal() -> bool:
    """Whether somebody watches stderr."""
    return sys.stderr.isatty()
