"""The live prompt without its surface: lines in, text out, and a record of all that was typed."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emulator.cli.prompt_commands import COMMANDS, checked, find_command, listing, table
from emulator.cli.run_output import milliseconds
from emulator.errors import EvergreenError, ModuleError, UsageError
from emulator.machine import Until
from emulator.monitor.events import EventLines
from emulator.scenario import steps
from emulator.scenario.scenario import SUFFIX, MachineSettings, Scenario, WorkloadSettings, write_scenario
from emulator.scenario.session import Session

if TYPE_CHECKING:
    from emulator.scenario.result import StepResult
    from emulator.system import Machine

_INSTRUCTIONS: Final = 16
_ALONE: Final = ("object", "workload")
"""Answers that are about one thing."""
_ANY: Final = "."
"""What failed when it was typed must fail when it is repeated."""


class Prompt:
    """Owned by one host thread, as its machine is."""

    def __init__(self, machine: Machine, show: Callable[[str], None], *, running: bool) -> None:
        """``show`` is given each line of answers; ``running``: time passes while nobody types."""
        self.machine = machine
        self.running = running
        self.quit = False
        self.exit_code = 0
        """The worst that a command came to."""
        self.session = Session(machine, Path(), machine.config.seed_of_workload, machine.config.keep_race)
        self._show = show
        self._events = EventLines(machine.devices.mailbox, machine.symbols)
        self._typed: list[steps.Step] = []
        self._ran_to: int | None = None
        """Machine time to which it was let run since the last command, ns; None: it stood still."""
        self._own: Final[Mapping[str, Callable[[list[str]], None]]] = {
            "where": self._where,
            "registers": self._registers,
            "disassemble": self._disassemble,
            "continue": self._continue,
            "pause": self._pause,
            "save-scenario": self._save_scenario,
            "help": self._help,
            "quit": self._quit,
        }

    def begin(self, first: steps.Step) -> None:
        """Boots or restores: the first step of every session."""
        self._perform(first)

    def execute(self, line: str) -> None:
        """What a line says. Whatever is wrong is shown in a line."""
        try:
            words = _words(line)
            if words:
                self._execute(words)
        except EvergreenError as failure:
            self._fail(str(failure), failure.exit_code)
        self._show_events()

    def pass_time(self, nanoseconds: int) -> None:
        """Lets the machine run so long, while nobody types."""
        self._ran_to = self.machine.virtual_ns + nanoseconds
        self.machine.run(Until(deadline_ns=self._ran_to))
        self._show_events()
        if self.session.ended:
            self.running = False
            self._show_end()

    def _execute(self, words: list[str]) -> None:
        command = find_command(words[0])
        command.check(words[1:])
        if command.make_step is None:
            self._own[command.name](words[1:])
        else:
            self._perform(checked(command.make_step(words[1:])))

    def _perform(self, step: steps.Step) -> None:
        if self.session.ended:
            raise UsageError(f"the machine has ended ({self.session.describe_end()}); quit, or save-scenario")
        placed = replace(step, at=self._ran_to, counts=self._counts())
        self._ran_to = None
        done = len(self.session.results)
        try:
            ok = self.session.do(placed).ok
        except ModuleError:
            self._typed.append(replace(placed, fails=_ANY))
            raise
        self._typed.append(placed if ok else replace(placed, fails=_ANY))
        self._show_events()
        for result in self.session.results[done:]:
            self._show_result(result, alone=isinstance(step, steps.Look) and step.what in _ALONE)
        if isinstance(step, steps.Advance | steps.Wait):
            self.running = False
        if self.session.ended:
            self._show_end()

    def _show_result(self, result: StepResult, *, alone: bool) -> None:
        if not result.ok:
            self._fail(result.text, 1)
            return
        rows = result.values.get("rows", result.values.get("methods"))
        if isinstance(rows, list):
            for line in listing(rows[0]) if alone else table(rows):
                self._show(line)
        else:
            self._show(f"{milliseconds(result.end_ns)}  {result.do}: {result.text}")

    def _show_events(self) -> None:
        for time, line in self._events.take():
            self._show(f"{milliseconds(time)}  {line}")

    def _show_end(self) -> None:
        panic = self.machine.panic
        if panic is not None:
            self.exit_code = max(self.exit_code, 1)
            self._show(panic.text)
        self._show(f"the machine has ended: {self.session.describe_end()}")

    def _fail(self, message: str, code: int) -> None:
        self.exit_code = max(self.exit_code, code)
        self._show(f"error: {message}")

    def _where(self, words: list[str]) -> None:
        del words
        for cpu in self.machine.cpus:
            place = self.machine.symbols.locate(cpu.registers["pc"])
            self._show(
                f"CPU {cpu.id}  {cpu.state.name.lower():<8} {cpu.instructions:,} instructions  {place}"
            )

    def _registers(self, words: list[str]) -> None:
        number = int(words[0]) if words and words[0].isdecimal() else 0
        if number >= len(self.machine.cpus) or (words and not words[0].isdecimal()):
            raise UsageError(f"there are CPUs 0 to {len(self.machine.cpus) - 1}")
        registers = self.machine.cpus[number].registers
        names = [f"r{index}" for index in range(32)] + [
            "pc",
            "lr",
            "ctr",
            "cr",
            "xer",
            "msr",
            "srr0",
            "srr1",
            "dar",
        ]
        cells = [f"{name:>5} {registers[name]:016x}" for name in names]
        for start in range(0, len(cells), 4):
            self._show(" ".join(cells[start : start + 4]))

    def _disassemble(self, words: list[str]) -> None:
        count = _INSTRUCTIONS
        if len(words) > 1 and words[-1].isdecimal():
            count = min(int(words.pop()), 4096) or 1
        for instruction in self.machine.monitor.disassemble(" ".join(words), count):
            self._show(str(instruction))

    def _continue(self, words: list[str]) -> None:
        del words
        if self.session.ended:
            raise UsageError(f"the machine has ended ({self.session.describe_end()})")
        self.running = True

    def _pause(self, words: list[str]) -> None:
        del words
        self.running = False
        self._show(f"at {milliseconds(self.machine.virtual_ns)}")

    def _help(self, words: list[str]) -> None:
        shown = [find_command(words[0])] if words else COMMANDS.values()
        for command in shown:
            self._show(f"{command.usage:<42} {command.summary}")

    def _quit(self, words: list[str]) -> None:
        del words
        self.quit = True

    def _save_scenario(self, words: list[str]) -> None:
        path = Path(words[0])
        if path.name != SUFFIX and not path.name.endswith(f".{SUFFIX}"):
            raise UsageError(f"{path}: a scenario's file is named {SUFFIX} or NAME.{SUFFIX}")
        try:
            path.write_text(write_scenario(self.scenario()), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        self._show(f"{path}: {len(self._typed)} steps; repeat them with: evergreen run {path}")

    def scenario(self) -> Scenario:
        """All that was typed, each when it was typed, and the time since."""
        config = self.machine.config
        if self._typed and isinstance(self._typed[0], steps.Restore):
            return Scenario("typed", steps=self._all_typed())
        settings = MachineSettings(
            config.cpus, config.memory, config.seed, config.quantum, str(config.policy), config.keep_race
        )
        workload = WorkloadSettings(config.workload_seed)
        return Scenario("typed", settings, workload=workload, steps=self._all_typed())

    def _all_typed(self) -> list[steps.Step]:
        passed = [] if self._ran_to is None else [steps.Wait(at=self._ran_to)]
        return [*self._typed, *passed]

    def _counts(self) -> tuple[int, ...] | None:
        """Instructions of the CPUs, once there are any."""
        counts = tuple(cpu.instructions for cpu in self.machine.cpus)
        return counts if any(counts) else None


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise UsageError(str(error)) from None
