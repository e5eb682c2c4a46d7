"""The live prompt on a terminal: one thread owns the machine, another one the keyboard."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.patch_stdout import patch_stdout

from emulator.cli.conversion import Conversion
from emulator.cli.prompt import Prompt
from emulator.cli.prompt_commands import COMMANDS, Completes, find_command
from emulator.cli.run_output import show_console
from emulator.errors import EvergreenError, UsageError

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    from emulator.monitor import UpdateRecord
    from emulator.scenario.steps import Step
    from emulator.system_config import SystemConfig

_TURN_NS: Final = 2_000_000
"""Virtual time that passes between two looks at the keyboard."""
_REST: Final = 0.02
"""Seconds for which a machine that stands still, or is ahead of the wall clock, waits for a line."""
_SYMBOLS_SHOWN: Final = 200


class Terminal:
    """Lines go to the machine's thread through a queue; what it shows appears above the prompt."""

    def __init__(self, config: SystemConfig, first: Step) -> None:
        """``first``: how the machine begins."""
        self._config = config
        self._first = first
        self._lines: queue.Queue[str] = queue.Queue()
        self._ended = threading.Event()
        self._words = Vocabulary()
        self._conversion = Conversion()
        self._session: PromptSession[str] = PromptSession("evergreen> ", completer=self._words)
        self._failure: EvergreenError | None = None
        self._exit_code = 0

    def run(self) -> int:
        """Until quit, end of input, or a failure to start; returns the exit code."""
        worker = threading.Thread(target=self._own_machine, name="machine")
        with patch_stdout(raw=True):
            worker.start()
            self._read_lines()
            worker.join()
        if self._failure is not None:
            raise self._failure
        return self._exit_code

    def _read_lines(self) -> None:
        while not self._ended.is_set():
            try:
                line = self._session.prompt()
            except KeyboardInterrupt:
                line = "pause"
            except EOFError:
                line = "quit"
            self._lines.put(line)
            if line.split()[:1] == ["quit"]:
                return

    def _own_machine(self) -> None:
        from emulator.system import Machine

        try:
            with Machine(self._config, on_output=show_console) as machine:
                prompt = Prompt(machine, _show, running=True)
                machine.monitor.watch_updates(self._follow)
                prompt.begin(self._first)
                self._serve(prompt)
                self._exit_code = prompt.exit_code
        except EvergreenError as failure:
            self._failure = failure
        finally:
            self._ended.set()

    def _follow(self, record: UpdateRecord) -> None:
        """How far the instances of an update are stands below the prompt."""
        self._conversion.follow(record)
        self._session.bottom_toolbar = str(self._conversion) or None
        self._session.app.invalidate()

    def _serve(self, prompt: Prompt) -> None:
        """The wall clock is looked at only to slow the machine down: what it does does not depend on it."""
        wall, virtual = time.monotonic(), prompt.machine.virtual_ns
        while not prompt.quit:
            ahead = prompt.machine.virtual_ns - virtual >= (time.monotonic() - wall) * 1e9
            waits = ahead or not prompt.running
            line = self._next_line(_REST if waits else 0)
            if line is not None:
                prompt.execute(line)
                self._words.learn(prompt)
                wall, virtual = time.monotonic(), prompt.machine.virtual_ns
            elif not waits:
                prompt.pass_time(_TURN_NS)

    def _next_line(self, patience: float) -> str | None:
        try:
            return self._lines.get(timeout=patience) if patience else self._lines.get_nowait()
        except queue.Empty:
            return None


class Vocabulary(Completer):
    """Completes commands and, as far as they have been seen in answers, the names that they take."""

    def __init__(self) -> None:
        self._known: dict[Completes, list[str]] = {Completes.COMMAND: sorted(COMMANDS)}

    def learn(self, prompt: Prompt) -> None:
        """Takes in what the last answers named. Asks the guest nothing, which would be an input to it."""
        from emulator.scenario.shipped import shipped_updates

        self._known[Completes.UPDATE] = shipped_updates()
        for result in prompt.session.results[-1:]:
            rows = result.values.get("rows")
            kind = _TEACHES.get(result.text.partition(":")[0])
            if kind is not None and isinstance(rows, list):
                self._known[kind] = sorted({str(row.get("name") or row.get("reference")) for row in rows})
        if Completes.SYMBOL not in self._known:
            self._known[Completes.SYMBOL] = prompt.machine.symbols.names()

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """See prompt_toolkit."""
        del complete_event
        words = document.text_before_cursor.split()
        word = "" if document.text_before_cursor[-1:].isspace() else (words.pop() if words else "")
        found = [name for name in self._known.get(_expected(words), []) if name.startswith(word)]
        for name in found[:_SYMBOLS_SHOWN]:
            yield Completion(name, start_position=-len(word))


_TEACHES: Final = {
    "objects": Completes.REFERENCE,
    "classes": Completes.CLASS,
    "modules": Completes.MODULE,
    "workloads": Completes.WORKLOAD,
}


def _expected(words: list[str]) -> Completes:
    """What the next word is, after these."""
    if not words:
        return Completes.COMMAND
    try:
        completes = find_command(words[0]).completes
    except UsageError:
        return Completes.NOTHING
    return completes[len(words) - 1] if len(words) <= len(completes) else Completes.NOTHING


def _show(line: str) -> None:
    show_console(f"{line}\n")
