"""Drives the compiler and linker of the PyPI package ``ziglang`` for the guest.

One program, the one behind ``python -m ziglang``, is clang (``c++``, ``cc``) and ``ld.lld``.
Nothing that a compilation puts out depends on where sources, caches or the compiler lie: every directory
is mapped to a fixed label, in debug information, in ``__FILE__`` and in diagnostics.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from emulator.errors import BuildError

REQUIRED_VERSION: Final = "0.17.1"
COMPILER_LABEL: Final = "compiler"
_INSTALL: Final = f"run: pip install ziglang=={REQUIRED_VERSION}"

TARGET_FLAGS: Final = (
    "-target",
    "powerpc64-freestanding-none",
    "-mcpu=970",
    "-mno-altivec",  # the 970 has vector registers, the kernel neither saves nor enables them
    "-ffreestanding",
    "-fno-pic",
    "-g",
    "-fdebug-compilation-dir=.",
    "-Werror",
)
"""Flags common to C++ and assembly."""

CXX_FLAGS: Final = (
    "-std=c++20",
    "-O2",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-threadsafe-statics",
    "-fno-sanitize=all",
    "-fno-stack-protector",
    "-fomit-frame-pointer",
    "-fno-unwind-tables",  # stacks are walked by the ABI's back chain; debuggers use .debug_frame
    "-fno-asynchronous-unwind-tables",
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wconversion",
    "-Wno-sign-conversion",
    "-Wimplicit-fallthrough",
    "-Wvla",
    "-Wdouble-promotion",
    "-Wfloat-conversion",
    "-Wno-return-type-c-linkage",  # functions called by name from assembly or the host return a Status too
    "-Wexit-time-destructors",  # nothing would ever run them
)
"""Flags of C++ sources, beside the common ones."""


@dataclass(frozen=True)
class SourceRoot:
    """A directory whose files appear in every output under a fixed label instead of its path."""

    directory: Path
    label: str


@dataclass(frozen=True)
class Unit:
    """One source to compile: a file of a root (POSIX path relative to it) and where its headers are found."""

    root: SourceRoot
    source: str
    includes: tuple[SourceRoot, ...]
    flags: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The source file."""
        return self.root.directory / self.source

    @property
    def label(self) -> str:
        """The source's name in outputs and messages."""
        return f"{self.root.label}/{self.source}"

    @property
    def roots(self) -> tuple[SourceRoot, ...]:
        """Every directory that may appear in its outputs, without repetition."""
        return tuple(dict.fromkeys((self.root, *self.includes)))

    @property
    def arguments(self) -> tuple[str, ...]:
        """Those arguments of the compiler that do not depend on any directory."""
        language = () if self.source.endswith(".S") else CXX_FLAGS
        return (*TARGET_FLAGS, *language, *self.flags)


@dataclass(frozen=True)
class Compiled:
    """What a successful compilation left: the object, and the files that the preprocessor read."""

    object: bytes
    read: tuple[Path, ...]


class CompilationError(BuildError):
    """A source does not compile; the message is the compiler's, with directories shortened to labels."""


@dataclass(frozen=True)
class Compiler:
    """A compiler that was found and has the required version."""

    executable: Path

    @staticmethod
    def find() -> Compiler:
        """The compiler of the installed ``ziglang``. Raises BuildError, one line, when missing or wrong."""
        spec = importlib.util.find_spec("ziglang")
        if spec is None or spec.origin is None:
            raise BuildError(f"the compiler is missing (Python package ziglang); {_INSTALL}")
        compiler = Compiler(Path(spec.origin).resolve().parent / "zig")
        version = compiler._version()
        if version != REQUIRED_VERSION:
            raise BuildError(f"the compiler ziglang is {version}, {REQUIRED_VERSION} is needed; {_INSTALL}")
        return compiler

    def _version(self) -> str:
        try:
            result = subprocess.run([self.executable, "version"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it does not run"
            raise BuildError(f"the compiler {self.executable} is unusable ({reason}); {_INSTALL}") from None
        return result.stdout.strip()

    @cached_property
    def library(self) -> Path:
        """The directory of the compiler's own headers."""
        return self.executable.parent / "lib"

    def compile(self, unit: Unit) -> Compiled:
        """Compiles one source. Raises CompilationError with the compiler's diagnostics."""
        with self._scratch() as scratch:
            output, depends = scratch / "unit.o", scratch / "unit.d"
            command = ["cc" if unit.source.endswith(".S") else "c++", *unit.arguments]
            command += [f"-I{root.directory}" for root in unit.includes]
            command += [f"-ffile-prefix-map={path}={label}" for path, label in self._labels(unit)]
            command += ["-c", str(unit.path), "-o", str(output), "-MD", "-MF", str(depends)]
            result = self._run(command, scratch)
            if result.returncode != 0:
                raise CompilationError(self._shortened(result.stderr, unit))
            return Compiled(output.read_bytes(), _read_depfile(depends))

    def link(self, objects: Mapping[str, Path], arguments: Sequence[str]) -> bytes:
        """Runs ld.lld over objects in the given order, each with the name that messages give it.

        Raises BuildError with the linker's messages.
        """
        with self._scratch() as scratch:
            output = scratch / "output"
            command = ["ld.lld", *arguments, *map(str, objects.values()), "-o", str(output)]
            result = self._run(command, scratch)
            if result.returncode != 0:
                text = result.stderr.strip() or "the linker failed without a message"
                for name, path in objects.items():
                    text = text.replace(str(path), name)
                raise BuildError(text)
            return output.read_bytes()

    def _run(self, command: Sequence[str], scratch: Path) -> subprocess.CompletedProcess[str]:
        # The compiler keeps a cache of its own; ours is the one that knows what an output depends on.
        environment = {
            **os.environ,
            "ZIG_LOCAL_CACHE_DIR": str(scratch / "cache"),
            "ZIG_GLOBAL_CACHE_DIR": str(scratch / "cache"),
            "LC_ALL": "C",
        }
        for variable in ("CPATH", "CPLUS_INCLUDE_PATH", "C_INCLUDE_PATH", "SOURCE_DATE_EPOCH"):
            environment.pop(variable, None)
        return subprocess.run(
            [str(self.executable), *command],
            cwd=scratch,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def _labels(self, unit: Unit) -> list[tuple[Path, str]]:
        # The last matching map wins, so a directory inside another one comes after it.
        pairs = [(self.library, COMPILER_LABEL), *((root.directory, root.label) for root in unit.roots)]
        return sorted(pairs, key=lambda pair: len(str(pair[0])))

    def _shortened(self, text: str, unit: Unit) -> str:
        for path, label in reversed(self._labels(unit)):
            text = text.replace(f"{path}{os.sep}", f"{label}/")
        return text.strip()

    @staticmethod
    @contextmanager
    def _scratch() -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="evergreen-", ignore_cleanup_errors=True) as name:
            yield Path(name).resolve()


def _read_depfile(path: Path) -> tuple[Path, ...]:
    """The prerequisites of the one rule of a make-style dependency file."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape").replace("\\\n", " ")
    names = text.split(": ", 1)[1].replace("\\ ", "\0").split()
    return tuple(Path(name.replace("\0", " ").replace("\\#", "#").replace("$$", "$")) for name in names)
