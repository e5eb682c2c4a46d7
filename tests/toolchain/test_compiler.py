"""The compiler is found or refused in one line; outputs do not know the directories that they came from."""

import sys
from pathlib import Path

import pytest

from emulator.errors import BuildError
from tests.toolchain.sources import write_tree
from toolchain.compiler import REQUIRED_VERSION, CompilationError, Compiler, SourceRoot, Unit
from toolchain.kernel import build_kernel
from toolchain.store import Store


def install_instead(monkeypatch: pytest.MonkeyPatch, directory: Path, program: str | None) -> None:
    """Puts a package ``ziglang`` in front of the real one, with the given shell script for a compiler."""
    write_tree(directory / "ziglang", {"__init__.py": ""})
    if program is not None:
        executable = directory / "ziglang" / "zig"
        executable.write_text(f"#!/bin/sh\n{program}\n", encoding="ascii")
        executable.chmod(0o755)
    monkeypatch.syspath_prepend(str(directory))
    monkeypatch.delitem(sys.modules, "ziglang", raising=False)


def refusal(tree: Path, store: Store) -> str:
    with pytest.raises(BuildError) as error:
        build_kernel(tree, store=store)
    return str(error.value)


def test_a_missing_compiler_is_one_line(
    monkeypatch: pytest.MonkeyPatch, kernel_tree: Path, store: Store
) -> None:
    monkeypatch.setitem(sys.modules, "ziglang", None)
    expected = "the compiler is missing (Python package ziglang); run: pip install ziglang==0.17.1"
    assert refusal(kernel_tree, store) == expected


def test_a_compiler_of_another_version_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kernel_tree: Path, store: Store
) -> None:
    install_instead(monkeypatch, tmp_path / "site", "echo 0.13.0")
    expected = "the compiler ziglang is 0.13.0, 0.17.1 is needed; run: pip install ziglang==0.17.1"
    assert refusal(kernel_tree, store) == expected


@pytest.mark.parametrize(
    ("program", "reason"), [(None, "No such file or directory"), ("exit 3", "it does not run")]
)
def test_a_damaged_compiler_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kernel_tree: Path,
    store: Store,
    program: str | None,
    reason: str,
) -> None:
    install_instead(monkeypatch, tmp_path / "site", program)
    path = tmp_path / "site" / "ziglang" / "zig"
    expected = f"the compiler {path} is unusable ({reason}); run: pip install ziglang==0.17.1"
    assert refusal(kernel_tree, store) == expected


def test_what_is_built_already_needs_no_compiler(
    monkeypatch: pytest.MonkeyPatch, kernel_tree: Path, store: Store
) -> None:
    built = build_kernel(kernel_tree, store=store)
    monkeypatch.setitem(sys.modules, "ziglang", None)
    assert build_kernel(kernel_tree, store=store) == built


def test_the_installed_compiler_is_the_required_one() -> None:
    assert Compiler.find().executable.is_file()
    assert f"ziglang=={REQUIRED_VERSION}" in Path("pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("place", ["here", "a place/with spaces"])
def test_diagnostics_name_sources_relative_to_their_root(tmp_path: Path, place: str) -> None:
    files = {"unit.cpp": '#include "unit.h"\nint unit() { return unknown; }\n', "unit.h": "\n#warning odd\n"}
    root = SourceRoot(write_tree(tmp_path / place, files), "label")
    with pytest.raises(CompilationError) as failure:
        Compiler.find().compile(Unit(root, "unit.cpp", (root,)))
    text = str(failure.value)
    assert "label/unit.h:2:2: error: odd [-Werror,-W#warnings]" in text
    assert "label/unit.cpp:2:21: error: use of undeclared identifier 'unknown'" in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("void f() { throw 1; }", "exceptions disabled"),
        (
            "struct A { virtual int f(); }; struct B : A {}; B* g(A* a) { return dynamic_cast<B*>(a); }",
            "requires -frtti",
        ),
        ("[[nodiscard]] int f(); void g() { f(); }", "-Wunused-result"),
        ("int narrow(long wide) { return wide; }", "-Wshorten-64-to-32"),
        ("struct A { ~A(); }; A instance;", "-Wexit-time-destructors"),
        ("int f(int count) { int list[count]; return list[0]; }", "-Wvla"),
    ],
)
def test_what_the_rules_forbid_does_not_compile(tmp_path: Path, source: str, reason: str) -> None:
    root = SourceRoot(write_tree(tmp_path, {"unit.cpp": source}), "label")
    with pytest.raises(CompilationError) as failure:
        Compiler.find().compile(Unit(root, "unit.cpp", ()))
    assert reason in str(failure.value)


def test_the_files_that_were_read_are_known(tmp_path: Path) -> None:
    files = {"a unit.cpp": '#include "sub dir/one.h"\n', "sub dir/one.h": '#include "two.h"\n', "two.h": "\n"}
    root = SourceRoot(write_tree(tmp_path, files), "label")
    compiled = Compiler.find().compile(Unit(root, "a unit.cpp", (root,)))
    assert {path.relative_to(tmp_path).as_posix() for path in compiled.read} == set(files)


def test_the_linker_names_objects_as_it_was_told(tmp_path: Path) -> None:
    root = SourceRoot(
        write_tree(tmp_path, {"unit.cpp": "int missing(); int f() { return missing(); }"}), "label"
    )
    compiler = Compiler.find()
    path = tmp_path / "unit.o"
    path.write_bytes(compiler.compile(Unit(root, "unit.cpp", ())).object)
    with pytest.raises(BuildError) as failure:
        compiler.link({"label/unit.cpp": path}, ["-e", "0"])
    assert "undefined symbol: missing()" in str(failure.value)
    assert "label/unit.cpp:(f())" in str(failure.value)
    assert str(tmp_path) not in str(failure.value)
