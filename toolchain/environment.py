"""Makes the virtual environment of a checkout and installs the project in it, once for each change of needs.

Run by ``make`` with whatever Python there is, so it uses the standard library only. The stamp it leaves
holds a digest of all that the installation depends on; while that is unchanged nothing is done.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPENDENCIES = ("pyproject.toml", "setup.py")


def fingerprint(extras: list[str]) -> str:
    """Digest of the project's needs, the interpreter, and the checkout's place, which scripts have inside."""
    parts = [sys.version, sys.base_prefix, str(ROOT), *extras]
    contents = [(ROOT / name).read_bytes() for name in DEPENDENCIES]
    return hashlib.blake2b(b"\0".join([*map(str.encode, parts), *contents]), digest_size=16).hexdigest()


def requirements(extras: list[str]) -> list[str]:
    """Everything to install before the project itself: what it needs, and what its own build needs."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    wanted = [*document["build-system"]["requires"], *project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return sorted(set(wanted))


def install(directory: Path, extras: list[str], *, create: bool) -> None:
    """Installs into the environment, made anew if so asked, with pip's own progress on the terminal."""
    if create:
        say(f"Setting up {directory} (once; the compiler is the largest part, some 100 MB)")
        venv.create(directory, clear=True, with_pip=True)
    pip = [str(directory / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, *requirements(extras)], check=True)
    # The build needs are there already, so pip need not fetch them again into a place of their own.
    editable = ["--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    subprocess.run([*pip, *editable], check=True)


def say(text: str) -> None:
    """A line for the user; results alone go to stdout."""
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Exit code 0 when the environment is ready, 2 when it cannot be made."""
    parser = argparse.ArgumentParser(description="Make the virtual environment of this checkout.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--extra", action="append", default=[], dest="extras")
    options = parser.parse_args()
    stamps = options.directory / "evergreen-stamps"
    wanted = fingerprint(options.extras)
    if (stamps / wanted).exists():
        return 0
    try:
        install(options.directory, options.extras, create=not (stamps / fingerprint([])).exists())
    except subprocess.CalledProcessError as error:
        say(f"The environment could not be made: {' '.join(error.cmd[1:4])} failed, see above.")
        say("On Debian and Ubuntu the module venv is the package python3-venv; pip needs the network.")
        return 2
    stamps.mkdir(exist_ok=True)
    for stamp in (wanted, fingerprint([])):  # with extras, the plain needs are met too
        (stamps / stamp).touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
