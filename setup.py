"""Build step of the wheel: the engine library, the kernel image, the shipped modules, and their sources."""

import shutil
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildEverything(build_py):
    """Adds what is compiled. An editable install has none of it: a checkout builds on demand."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            return
        # What an earlier build left there would be packed too.
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        library = Path(self.build_lib).resolve()
        for name in ("guest_kernel", "updates"):
            shutil.copytree(ROOT / name, library / "toolchain" / "data" / name)
        compile_into(library)


def compile_into(library: Path) -> None:
    """Builds everything that is not Python. A failure ends the build with its message alone."""
    sys.path.insert(0, str(ROOT))  # an isolated build does not have it there
    from emulator.cpu.native import build_engine
    from emulator.errors import EvergreenError
    from toolchain.prebuilt import prebuild

    try:
        prebuild(library / "toolchain" / "data" / "prebuilt")
        build_engine(library / "emulator" / "cpu")
    except EvergreenError as error:
        raise SystemExit(f"error: {error}") from None


class PlatformWheel(bdist_wheel):
    """A wheel for one platform, but for any Python: the engine library is loaded, not imported."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class MachineCode(Distribution):
    """The project holds machine code although it has no extension modules."""

    def has_ext_modules(self) -> bool:
        return True


setup(distclass=MachineCode, cmdclass={"build_py": BuildEverything, "bdist_wheel": PlatformWheel})
