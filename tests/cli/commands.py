"""Command lines run in this process or in one of their own."""

from __future__ import annotations

import json
import subprocess
import sys
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


def spawn(*words: str | Path, stdin: str = "", cwd: Path | None = None) -> Result:
    script = "import sys; from emulator.cli import main; sys.exit(main())"
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r}); {script}", *map(str, words)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd=cwd)
    return Result(done.returncode, done.stdout, done.stderr)
