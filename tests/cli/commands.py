"""Command lines run in this process or in one of their own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.cli import main


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 (JSON)
        """Of ``--json``: all of stdout is one document."""
        return json.loads(self.out)


def call(capsys: pytest.CaptureFixture[str], *words: str | Path) -> Result:
    capsys.readouterr()
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return Result(code, captured.out, captured.err)


_SCRIPT = "import sys; from emulator.cli import main; sys.exit(main())"


def command_line(words: tuple[str | Path, ...]) -> list[str]:
    root = str(Path(__file__).resolve().parents[2])
    script = f"import sys; sys.path.insert(0, {root!r}); {_SCRIPT}"
    return [sys.executable, "-c", script, *map(str, words)]


def spawn(*words: str | Path, stdin: str = "", cwd: Path | None = None) -> Result:
    command = command_line(words)
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd=cwd)
    return Result(done.returncode, done.stdout, done.stderr)


def spawn_on_terminal(*words: str | Path, cwd: Path | None = None) -> Result:
    """With stderr on a pseudo-terminal of 120 columns, and stdout in a file."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            command_line(words), stdin=theirs, stdout=out, stderr=theirs, cwd=cwd, env=environment
        )
        os.close(theirs)
        shown = _read_terminal(ours)
        os.close(ours)
        code = process.wait()
        out.seek(0)
        return Result(code, out.read().decode(), shown)


def _read_terminal(terminal: int) -> str:
    """Until nobody has it open any more, which the system reports as an error."""
    shown = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b""
        if not data:
            return shown.decode()
        shown += data
