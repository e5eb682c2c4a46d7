"""The wheel has everything inside: away from the checkout it works like it, and builds the same bytes."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.toolchain.sources import UPDATE_FILES, write_tree
from toolchain.kernel import build_kernel
from toolchain.module import build_update

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("emulator", "toolchain", "guest_kernel", "updates")
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")

REPORT = """
import json, sys
from pathlib import Path
from toolchain.kernel import build_kernel
from toolchain.module import build_update
from toolchain.paths import installation
steps = []
kernel = build_kernel(progress=lambda *step: steps.append(step))
modules = {
    folder.name: [str(module.path) for module in build_update(folder, kernel)]
    for folder in sorted(path.parent for path in installation().updates.glob("*/update.toml"))
}
own = build_update(Path(sys.argv[1]), kernel)
print(json.dumps({
    "steps": len(steps),
    "kernel": str(kernel.path),
    "build_id": kernel.build_id,
    "shipped": modules,
    "own": str(own[0].path),
}))
"""


@dataclass(frozen=True)
class Site:
    """Where a wheel was unpacked, and the environment in which Python finds nothing of ours elsewhere."""

    directory: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            cwd=self.directory.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "source"
    for part in PARTS:
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy(ROOT / file, source / file)
    command = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([sys.executable, *command, str(directory), str(source)], check=True, cwd=directory)
    shutil.rmtree(source)
    (wheel,) = directory.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(directory / "site")
    environment = {
        **os.environ,
        "PYTHONPATH": str(directory / "site"),
        "XDG_CACHE_HOME": str(directory / "cache"),
    }
    yield Site(directory / "site", environment)


def test_the_wheel_is_for_one_platform_and_any_python(site: Site) -> None:
    (wheel,) = site.directory.parent.glob("*.whl")
    assert wheel.name.startswith("evergreen-0.1.0-py3-none-")
    assert not wheel.name.endswith("-any.whl")
    top = {path.name for path in site.directory.iterdir()}
    assert top == {"emulator", "toolchain", "evergreen-0.1.0.dist-info"}


def test_it_needs_no_checkout_and_builds_the_same_bytes(site: Site, tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "elsewhere", own_update())
    report = json.loads(site.run("-c", REPORT, str(folder)).stdout)
    prebuilt = site.directory / "toolchain" / "data" / "prebuilt"
    assert report["steps"] == 0
    assert report["kernel"] == str(prebuilt / "kernel.elf")
    kernel = build_kernel()
    assert report["build_id"] == kernel.build_id
    assert Path(report["kernel"]).read_bytes() == kernel.path.read_bytes()
    for name, paths in report["shipped"].items():
        built = build_update(ROOT / "updates" / name, kernel)
        assert [Path(path).parent for path in paths] == [prebuilt / "updates" / name] * len(paths)
        assert [Path(path).read_bytes() for path in paths] == [module.path.read_bytes() for module in built]
    (own,) = build_update(folder, kernel)
    assert Path(report["own"]).is_relative_to(site.directory.parent / "cache")
    assert Path(report["own"]).read_bytes() == own.path.read_bytes()


def own_update() -> dict[str, str]:
    source = (
        '#include "kernel/status.h"\nextern "C" kernel::Status module_init() { return kernel::Code::OK; }\n'
    )
    return {**UPDATE_FILES, "recount.cpp": source}
