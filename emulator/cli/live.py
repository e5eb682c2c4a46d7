"""``evergreen boot`` without ``--until``: a prompt over the running machine, on a terminal or from a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from emulator.cli.prompt import Prompt
from emulator.cli.run_output import show_console

if TYPE_CHECKING:
    from emulator.scenario.steps import Step
    from emulator.system_config import SystemConfig


def live(config: SystemConfig, first: Step) -> int:
    """Boots or restores and takes commands until the end of the input; returns the exit code.

    On a terminal the machine runs, at most at wall speed, while nobody types. From a file or pipe no time
    passes between two commands, so that the same lines always give the same run.
    """
    if sys.stdin.isatty() and sys.stdout.isatty():
        from emulator.cli.terminal import Terminal

        return Terminal(config, first).run()
    return _from_lines(config, first)


def _from_lines(config: SystemConfig, first: Step) -> int:
    from emulator.system import Machine

    with Machine(config, on_output=show_console) as machine:
        prompt = Prompt(machine, _show, running=False)
        prompt.begin(first)
        for line in sys.stdin:
            prompt.execute(line)
            if prompt.quit:
                break
        return prompt.exit_code


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
