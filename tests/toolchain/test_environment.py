"""The virtual environment of a checkout is made once, and again when what it depends on has changed."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.toolchain.sources import write_tree
from toolchain import environment

PROJECT = """\
[build-system]
requires = ["builder==1"]
[project]
dependencies = ["runtime==2", "builder==1"]
[project.optional-dependencies]
dev = ["tester==3"]
"""


class Installations:
    """Takes the place of the real installation and remembers how it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], bool]] = []

    def __call__(self, directory: Path, extras: list[str], *, create: bool) -> None:
        directory.mkdir(exist_ok=True)
        self.asked.append((extras, create))


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    root = write_tree(tmp_path / "checkout", {"pyproject.toml": PROJECT, "setup.py": ""})
    monkeypatch.setattr(environment, "ROOT", root)
    return root


@pytest.fixture
def installations(monkeypatch: pytest.MonkeyPatch) -> Installations:
    result = Installations()
    monkeypatch.setattr(environment, "install", result)
    return result


def run(monkeypatch: pytest.MonkeyPatch, directory: Path, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["environment.py", str(directory), *arguments])
    return environment.main()


@pytest.mark.usefixtures("checkout")
def test_needs_of_the_project_and_of_its_build_are_installed_once() -> None:
    assert environment.requirements([]) == ["builder==1", "runtime==2"]
    assert environment.requirements(["dev"]) == ["builder==1", "runtime==2", "tester==3"]


@pytest.mark.usefixtures("checkout")
def test_a_second_run_does_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installations: Installations
) -> None:
    for _ in range(2):
        assert run(monkeypatch, tmp_path / "venv") == 0
    assert installations.asked == [([], True)]


@pytest.mark.usefixtures("checkout")
def test_extras_are_added_to_what_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installations: Installations
) -> None:
    for arguments in ((), ("--extra", "dev"), (), ("--extra", "dev")):
        assert run(monkeypatch, tmp_path / "venv", *arguments) == 0
    assert installations.asked == [([], True), (["dev"], False)]


def test_changed_needs_make_it_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installations: Installations, checkout: Path
) -> None:
    run(monkeypatch, tmp_path / "venv")
    write_tree(checkout, {"pyproject.toml": PROJECT.replace("runtime==2", "runtime==3")})
    run(monkeypatch, tmp_path / "venv")
    assert installations.asked == [([], True), ([], True)]


def test_a_checkout_that_was_moved_makes_it_anew(
    monkeypatch: pytest.MonkeyPatch, checkout: Path, installations: Installations
) -> None:
    run(monkeypatch, checkout / ".venv")
    monkeypatch.setattr(environment, "ROOT", checkout.rename(checkout.with_name("moved")))
    run(monkeypatch, checkout.with_name("moved") / ".venv")
    assert installations.asked == [([], True), ([], True)]


@pytest.mark.usefixtures("checkout")
def test_a_failure_says_what_failed_and_leaves_no_stamp(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(command: list[str], **_: object) -> None:
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(venv, "create", lambda directory, **_: directory.mkdir(exist_ok=True))
    monkeypatch.setattr(subprocess, "run", fail)
    for _ in range(2):
        assert run(monkeypatch, tmp_path / "venv") == 2
        assert "The environment could not be made: -m pip --disable" in capsys.readouterr().err
