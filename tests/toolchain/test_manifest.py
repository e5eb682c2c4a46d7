"""``update.toml``: what it may say, and one line for everything else."""

from pathlib import Path

import pytest

from emulator.abi.module import MODULE_ENTRY, ClassUpdate
from emulator.errors import UsageError
from tests.toolchain.sources import write_tree
from toolchain.manifest import read_manifest

PLAIN = 'name = "fix"\nrevision = 1\n'


def test_all_keys_are_read(tmp_path: Path) -> None:
    text = """\
        name = "fix"
        revision = 2
        summary = "Repairs it"
        entry = "start"
        requires = ["one", "two"]
        sources = ["sub/b.cpp", "a.cpp"]
        [[class]]
        name = "services::A"
        from = 0
        to = 1
        """
    folder = write_tree(tmp_path, {"update.toml": text, "a.cpp": "", "sub/b.cpp": "", "c.cpp": ""})
    (module,) = read_manifest(folder)
    assert (module.name, module.revision, module.summary, module.entry) == ("fix", 2, "Repairs it", "start")
    assert module.sources == ("a.cpp", "sub/b.cpp")
    assert module.requires == ("one", "two")
    assert module.updates == (ClassUpdate("services::A", 0, 1),)


def test_what_may_be_absent_has_a_default(tmp_path: Path) -> None:
    folder = write_tree(tmp_path, {"update.toml": PLAIN, "b.cpp": "", "a.cpp": "", "notes.txt": ""})
    (module,) = read_manifest(folder)
    assert module.sources == ("a.cpp", "b.cpp")
    assert (module.entry, module.summary, module.requires, module.updates) == (MODULE_ENTRY, "", (), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "Invalid value (at end of document)"),
        ("name = 'fix'\n= 3\n", "Invalid statement (at line 2, column 1)"),
        ("revision = 1", "key 'name' is missing"),
        ('name = "fix"', "key 'revision' is missing"),
        (PLAIN + "colour = 1", "unknown key 'colour' of a module; known are caller, class, entry, "
         "irreversible, mode, name, provides, requires, "
         "revision, sources, summary"),
        (PLAIN + "[[caller]]\nname = 'A'", "key 'from' is missing"),
        (PLAIN + "[[caller]]\nname = 'A'\nfrom = 1",
         "caller A until v1: versions that may change sides run from 2 to 4294967295"),
        (PLAIN + "[[caller]]\nname = 'A'\nfrom = 2\nto = 3",
         "unknown key 'to' of [[caller]]; known are from, name"),
        ('name = 3\nrevision = 1', "name = 3: str expected"),
        ('name = "fix"\nrevision = true', "revision = True: int expected"),
        ('name = "fix"\nrevision = 0', "revision 0 is not in 1..4294967295"),
        ('name = "Fix"\nrevision = 1', "module name 'Fix' is not made of a-z, 0-9, _ and -"),
        (PLAIN + "requires = 'one'", "requires: a list of str expected"),
        (PLAIN + "requires = ['fix']", "module 'fix' requires itself"),
        (PLAIN + "sources = ['b.cpp']", "sources: 'b.cpp' is not a C++ file of the folder"),
        (PLAIN + "sources = ['update.toml']", "sources: 'update.toml' is not a C++ file of the folder"),
        (PLAIN + "sources = ['../outside.cpp']", "sources: '../outside.cpp' lies outside the folder"),
        (PLAIN + "[[class]]\nname = 'A'\nfrom = 1", "key 'to' is missing"),
        (PLAIN + "[[class]]\nname = 'A'\nfrom = 1\nto = 2\nat = 3", "unknown key 'at' of [[class]]; "
         "known are from, name, to"),
        (PLAIN + "[[class]]\nname = 'A'\nfrom = 1\nto = 1", "class A v1 -> v1: both versions are the same"),
        ("name = 'fix'\n[[module]]", "unknown key 'name' beside [[module]]; known are module, summary"),
        ("[[module]]\nname = 'fix'\nrevision = 1", "each [[module]] of a set needs its own sources"),
        (2 * "[[module]]\nname = 'fix'\nsources = ['a.cpp']\n", "two [[module]] tables have the same name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    write_tree(tmp_path, {"outside.cpp": ""})
    folder = write_tree(tmp_path / "update", {"update.toml": text, "a.cpp": ""})
    with pytest.raises(UsageError) as refusal:
        read_manifest(folder)
    assert str(refusal.value) == f"{folder / 'update.toml'}: {message}"


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"update\.toml: No such file or directory$"):
        read_manifest(tmp_path)


def test_a_folder_without_sources_is_refused(tmp_path: Path) -> None:
    write_tree(tmp_path, {"update.toml": PLAIN})
    with pytest.raises(UsageError, match=r"update\.toml: there is no C\+\+ source beside it$"):
        read_manifest(tmp_path)


def test_a_manifest_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "update.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"update\.toml: not UTF-8 text: byte 0"):
        read_manifest(tmp_path)
