"""The kernel's image: the same bytes anywhere, and only what changed is built again."""

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from emulator.errors import BuildError
from tests.toolchain.sources import KERNEL_FILES, Steps, write_tree
from toolchain.build_id import read_build_id
from toolchain.compiler import CompilationError
from toolchain.kernel import build_kernel
from toolchain.store import Store


def rebuilt(tree: Path, store: Store) -> set[str]:
    steps = Steps()
    build_kernel(tree, store=store, progress=steps)
    return steps.compiled


def test_two_directories_and_two_caches_yield_the_same_bytes(tmp_path: Path) -> None:
    images = []
    for place in ("one", "another, with spaces"):
        tree = write_tree(tmp_path / place / "sources", KERNEL_FILES)
        images.append(build_kernel(tree, store=Store(tmp_path / place / "cache")))
    first, second = images
    assert first.path != second.path
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.build_id == second.build_id
    assert str(tmp_path).encode() not in first.path.read_bytes()


def test_the_build_id_is_the_note_and_follows_the_content(kernel_tree: Path, store: Store) -> None:
    first = build_kernel(kernel_tree, store=store)
    assert read_build_id(first.path.read_bytes()) == first.build_id
    assert len(bytes.fromhex(first.build_id)) == 20
    source = kernel_tree / "kernel/alone.cpp"
    source.write_text(source.read_text(encoding="ascii").replace("1", "2"), encoding="ascii")
    assert build_kernel(kernel_tree, store=store).build_id != first.build_id


def test_symbols_and_debug_information_are_kept(kernel_tree: Path, store: Store) -> None:
    file = ELFFile(io.BytesIO(build_kernel(kernel_tree, store=store).path.read_bytes()))
    table = file.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    names = {symbol.name for symbol in table.iter_symbols()}
    # Nothing calls alone(): an image that dropped it could not offer it to modules.
    assert {"_start", "_ZN6kernel5countEl", "_ZN6kernel5aloneEv"} <= names
    units = [unit.get_top_DIE().attributes["DW_AT_name"].value for unit in file.get_dwarf_info().iter_CUs()]
    assert b"guest_kernel/kernel/count.cpp" in units


def test_the_toc_is_used_as_compiled(kernel_tree: Path, store: Store) -> None:
    """Relaxed, an access to a near variable would lose its first half, addis rX,r2,0."""
    file = ELFFile(io.BytesIO(build_kernel(kernel_tree, store=store).path.read_bytes()))
    text = file.get_section_by_name(".text")
    assert text is not None
    words = [int.from_bytes(text.data()[at : at + 4], "big") for at in range(0, text.data_size, 4)]
    assert [word for word in words if word >> 26 == 15 and word & 0x1F_FFFF == 2 << 16]


def test_nothing_is_built_twice(kernel_tree: Path, store: Store) -> None:
    assert rebuilt(kernel_tree, store) == {"arch/ppc64/start.S", "kernel/alone.cpp", "kernel/count.cpp"}
    steps = Steps()
    build_kernel(kernel_tree, store=store, progress=steps)
    assert steps.told == [(3, 5, "unchanged objects"), (5, 5, "checked kernel.elf")]


def test_a_changed_header_rebuilds_what_includes_it(kernel_tree: Path, store: Store) -> None:
    build_kernel(kernel_tree, store=store)
    header = kernel_tree / "kernel/count.h"
    header.write_text(header.read_text(encoding="ascii") + "// more\n", encoding="ascii")
    assert rebuilt(kernel_tree, store) == {"kernel/count.cpp"}


def test_a_header_that_hides_another_rebuilds_what_includes_it(kernel_tree: Path, store: Store) -> None:
    build_kernel(kernel_tree, store=store)
    write_tree(kernel_tree, {"kernel/kernel/count.h": '#include "../count.h"\n'})
    assert rebuilt(kernel_tree, store) == {"kernel/count.cpp"}


def test_a_header_that_is_gone_is_noticed(kernel_tree: Path, store: Store) -> None:
    build_kernel(kernel_tree, store=store)
    (kernel_tree / "kernel/count.h").unlink()
    with pytest.raises(CompilationError) as failure:
        build_kernel(kernel_tree, store=store)
    assert "guest_kernel/kernel/count.cpp:1:10: fatal error: 'kernel/count.h' file not found" in str(
        failure.value
    )


def test_time_stamps_do_not_matter(kernel_tree: Path, store: Store) -> None:
    build_kernel(kernel_tree, store=store)
    for path in kernel_tree.rglob("*.cpp"):
        path.write_bytes(path.read_bytes())
    assert rebuilt(kernel_tree, store) == set()


def test_other_flags_are_another_build(kernel_tree: Path, store: Store) -> None:
    plain = build_kernel(kernel_tree, store=store)
    assert build_kernel(kernel_tree, store=store, flags=["-O1"]).path != plain.path
    assert build_kernel(kernel_tree, store=store) == plain


def test_a_changed_linker_script_links_again_and_compiles_nothing(kernel_tree: Path, store: Store) -> None:
    build_kernel(kernel_tree, store=store)
    script = kernel_tree / "arch/ppc64/kernel.lds"
    script.write_text(script.read_text(encoding="ascii").replace("10000;", "20000;"), encoding="ascii")
    steps = Steps()
    build_kernel(kernel_tree, store=store, progress=steps)
    assert [what for _, _, what in steps.told] == [
        "unchanged objects",
        "linked kernel.elf",
        "checked kernel.elf",
    ]


def test_floating_point_in_the_kernel_is_refused(kernel_tree: Path, store: Store) -> None:
    write_tree(kernel_tree, {"kernel/float.cpp": "double half(double value) { return value * 0.5; }\n"})
    with pytest.raises(BuildError) as refusal:
        build_kernel(kernel_tree, store=store)
    expected = "kernel.elf: floating-point instruction at _Z4halfd+"
    assert str(refusal.value).startswith(expected)


def test_every_source_that_fails_is_named(kernel_tree: Path, store: Store) -> None:
    write_tree(kernel_tree, {"kernel/alone.cpp": "int alone() { }\n"})
    with pytest.raises(CompilationError) as failure:
        build_kernel(kernel_tree, store=store)
    first, rest = str(failure.value).split("\n", 1)
    assert first == "guest_kernel/kernel/alone.cpp does not compile:"
    assert "guest_kernel/kernel/alone.cpp:1:15: error: non-void function does not return a value" in rest


@pytest.mark.parametrize(
    ("removed", "message"),
    [
        ("arch/ppc64/kernel.lds", "guest_kernel/arch/ppc64/kernel.lds: No such file or directory"),
        ("*.cpp *.S", "no kernel sources in {tree}"),
    ],
)
def test_an_incomplete_tree_is_one_line(kernel_tree: Path, store: Store, removed: str, message: str) -> None:
    for pattern in removed.split():
        for path in kernel_tree.rglob(Path(pattern).name):
            path.unlink()
    with pytest.raises(BuildError) as refusal:
        build_kernel(kernel_tree, store=store)
    assert str(refusal.value) == message.format(tree=kernel_tree)


def test_an_image_without_build_id_is_refused(kernel_tree: Path, store: Store) -> None:
    script = kernel_tree / "arch/ppc64/kernel.lds"
    text = script.read_text(encoding="ascii").replace(".note.gnu.build-id : { *(.note.gnu.build-id) }", "")
    script.write_text(text.replace(".bss :", "/DISCARD/ : { *(.note.*) }\n    .bss :"), encoding="ascii")
    with pytest.raises(BuildError, match=r"the image has no \.note\.gnu\.build-id section"):
        build_kernel(kernel_tree, store=store)
