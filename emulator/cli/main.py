"""The commands, loaded when they are called, and the place where errors become a line and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click

from emulator.cli.output import fail, report_failure
from emulator.errors import EvergreenError

_INTERRUPTED: Final = 130


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are wanted: users wait for start-up."""

    def __init__(self, name: str, modules: Mapping[str, str], **attributes: object) -> None:
        """``modules`` has, by name of command, the module whose ``command`` it is."""
        super().__init__(name, no_args_is_help=False, **attributes)  # type: ignore[arg-type]
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use."""
        del ctx
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports it."""
        del ctx
        if cmd_name not in self._modules:
            return None
        command = importlib.import_module(self._modules[cmd_name]).command
        assert isinstance(command, click.Command)
        return command


cli = LazyGroup(
    "evergreen",
    {
        "build": "emulator.cli.build",
        "boot": "emulator.cli.boot",
        "restore": "emulator.cli.restore",
        "run": "emulator.cli.run",
        "trace": "emulator.cli.trace",
        "update": "emulator.cli.update",
        "bench": "emulator.cli.bench",
        "disassemble": "emulator.cli.disassemble",
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""A PowerPC64 machine whose kernel is updated while it runs.

    \b
    Examples:
      evergreen run updates/allocator_race/scenario.toml
      evergreen boot
      evergreen boot --until ready --json
      evergreen update new my_update

    Results go to stdout, all else to stderr. Exit code 0: as expected; 1: the guest or an update failed;
    2: wrong usage or input. Shell completion: eval "$(_EVERGREEN_COMPLETE=bash_source evergreen)".
    """,
)


click.version_option(package_name="evergreen", message="evergreen %(version)s")(cli)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line, by default the process's own; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = cli.main(words or ["--help"], prog_name="evergreen", standalone_mode=False)
    except click.ClickException as refusal:
        return report_failure(_usage(refusal, words), refusal.exit_code, as_json="--json" in words)
    except EvergreenError as failure:
        return report_failure(str(failure), failure.exit_code, as_json="--json" in words)
    except (click.Abort, KeyboardInterrupt):
        return fail("interrupted", _INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has gone; nothing more may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _INTERRUPTED
    except OSError as failure:
        what = failure.strerror or str(failure)
        message = f"{failure.filename}: {what}" if failure.filename else f"the output: {what}"
        return report_failure(message, EvergreenError.exit_code, as_json=False)
    except Exception as defect:
        if os.environ.get("EVERGREEN_TRACEBACK"):
            raise
        message = (
            f"a defect of this program: {type(defect).__name__}: {defect} (EVERGREEN_TRACEBACK=1 shows where)"
        )
        return report_failure(message, 1, as_json="--json" in words)
    return result if isinstance(result, int) else 0


def _usage(refusal: click.ClickException, words: Sequence[str]) -> str:
    context = refusal.ctx if isinstance(refusal, click.UsageError) else None
    where = context.command_path if context is not None else _called(words)
    message = refusal.format_message().replace("\n", " ").rstrip(".")
    return f"{where}: {message} (see {where} --help)"


def _called(words: Sequence[str]) -> str:
    """The command that a line calls, for the refusals that do not say."""
    command: click.Command = cli
    path = ["evergreen"]
    for word in words:
        found = (
            command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        )
        if found is None:
            break
        command = found
        path.append(word)
    return " ".join(path)
