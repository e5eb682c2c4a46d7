"""The engine's shared library: built from the C beside this file with the compiler from PyPI, and found
again.

An installed package has it beside this file. A checkout builds it on demand into the user's cache, under a
name that its sources determine.
"""

import hashlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Final

from emulator.errors import BuildError, EngineError

LIBRARY_NAME: Final = "libevergreen_engine.so"
_SOURCES: Final = Path(__file__).parent
_FLAGS: Final = (
    "-mcpu=baseline",  # a wheel runs on other hosts than the one that built it
    "-shared",
    "-fPIC",
    "-O2",
    "-g0",
    "-fomit-frame-pointer",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wno-sign-conversion",
)


def library_path() -> Path:
    """The engine's library, built first where needed. Raises BuildError or EngineError."""
    installed = _SOURCES / LIBRARY_NAME
    if installed.exists():
        return installed
    directory = _cache_directory() / _fingerprint()
    cached = directory / LIBRARY_NAME
    return cached if cached.exists() else build_engine(directory)


def build_engine(directory: Path) -> Path:
    """Compiles the engine into ``directory``, atomically, and returns the library's path.

    Raises BuildError with the compiler's first message.
    """
    import subprocess  # only a build needs these two, and they take a tenth of a cold boot to import
    import tempfile

    if importlib.util.find_spec("ziglang") is None:
        raise BuildError("the compiler is missing (Python package ziglang); run: pip install ziglang==0.17.1")
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        output = Path(scratch) / LIBRARY_NAME
        command = [sys.executable, "-m", "ziglang", "cc", *_FLAGS, "-isystem", str(unicorn_include())]
        sources = [str(path) for path in _source_files() if path.suffix == ".c"]
        result = subprocess.run(
            [*command, "-o", str(output), *sources], capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise BuildError(f"the engine does not build: {_first_line(result.stderr)}")
        return output.replace(directory / LIBRARY_NAME)


def unicorn_library() -> Path:
    """The shared library of the installed ``unicorn`` package. Raises EngineError when there is none."""
    for name in ("libunicorn.so.2", "libunicorn.2.dylib"):
        path = _unicorn_directory() / "lib" / name
        if path.exists():
            return path
    raise EngineError("the Python package unicorn has no shared library; run: pip install unicorn==2.1.4")


def unicorn_include() -> Path:
    """Where its C headers are."""
    return _unicorn_directory() / "include"


def _unicorn_directory() -> Path:
    spec = importlib.util.find_spec("unicorn")
    if spec is None or spec.origin is None:
        raise EngineError(
            "the CPU engine is missing (Python package unicorn); run: pip install unicorn==2.1.4"
        )
    return Path(spec.origin).parent


def _source_files() -> list[Path]:
    return sorted(path for path in _SOURCES.iterdir() if path.suffix in (".c", ".h"))


def _fingerprint() -> str:
    digest = hashlib.blake2b(" ".join(_FLAGS).encode(), digest_size=12)
    for path in _source_files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "evergreen" / "engine"


def _first_line(text: str) -> str:
    lines = [line for line in text.splitlines() if "error" in line] or text.splitlines()
    return lines[0] if lines else "the compiler gave no message"
