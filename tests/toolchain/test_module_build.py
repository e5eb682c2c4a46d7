"""Modules: one relocatable file, with metadata and build-ids, the same bytes anywhere."""

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from emulator.abi.module import MODULE_SECTION, ClassUpdate, ModuleMetadata
from emulator.errors import BuildError, UsageError
from tests.toolchain.sources import UPDATE_FILES, Steps, write_tree
from toolchain.build_id import read_build_id
from toolchain.compiler import CompilationError
from toolchain.kernel import KernelImage, build_kernel
from toolchain.module import build_update
from toolchain.store import Store


def opened(path: Path) -> ELFFile:
    return ELFFile(io.BytesIO(path.read_bytes()))


def test_a_module_is_one_relocatable_file_with_its_metadata(
    kernel: KernelImage, update_folder: Path, store: Store
) -> None:
    (module,) = build_update(update_folder, kernel, store=store)
    expected = ModuleMetadata(
        name="recount",
        revision=3,
        kernel_build_id=bytes.fromhex(kernel.build_id),
        updates=(ClassUpdate("kernel::Count", 1, 2),),
        requires=("base",),
    )
    assert module.metadata == expected
    assert module.path.name == "recount.ko"
    file = opened(module.path)
    assert (file["e_type"], file["e_machine"], file["e_flags"]) == ("ET_REL", "EM_PPC64", 2)
    section = file.get_section_by_name(MODULE_SECTION)
    assert section is not None
    assert section.data() == expected.pack()
    assert section["sh_addralign"] == 8


def test_the_kernels_symbols_are_left_to_the_host(
    kernel: KernelImage, update_folder: Path, store: Store
) -> None:
    file = opened(build_update(update_folder, kernel, store=store)[0].path)
    table = file.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    undefined = {symbol.name for symbol in table.iter_symbols() if symbol["st_shndx"] == "SHN_UNDEF"}
    assert undefined == {"", ".TOC.", "_ZN6kernel5countEl", "_ZN6kernel5whereEv"}
    assert isinstance(file.get_section_by_name(".rela.text"), RelocationSection)


def test_a_module_has_a_build_id_that_follows_its_content(
    kernel: KernelImage, update_folder: Path, store: Store
) -> None:
    first = read_build_id(build_update(update_folder, kernel, store=store)[0].path.read_bytes())
    assert first is not None
    assert len(bytes.fromhex(first)) == 20
    manifest = UPDATE_FILES["update.toml"].replace("revision = 3", "revision = 4")
    write_tree(update_folder, {"update.toml": manifest})
    assert read_build_id(build_update(update_folder, kernel, store=store)[0].path.read_bytes()) != first


def test_two_directories_and_two_caches_yield_the_same_bytes(tmp_path: Path, kernel_tree: Path) -> None:
    contents = []
    for place in ("one", "another, with spaces"):
        store = Store(tmp_path / place / "cache")
        folder = write_tree(tmp_path / place / "folder", UPDATE_FILES)
        (module,) = build_update(folder, build_kernel(kernel_tree, store=store), store=store)
        contents.append(module.path.read_bytes())
    assert contents[0] == contents[1]
    assert str(tmp_path).encode() not in contents[0]


def test_a_module_is_built_again_for_another_kernel(
    kernel: KernelImage, kernel_tree: Path, update_folder: Path, store: Store
) -> None:
    (before,) = build_update(update_folder, kernel, store=store)
    write_tree(kernel_tree, {"kernel/alone.cpp": "namespace kernel { int alone() { return 2; } }\n"})
    other = build_kernel(kernel_tree, store=store)
    (after,) = build_update(update_folder, other, store=store)
    assert after.metadata.kernel_build_id == bytes.fromhex(other.build_id)
    assert after.path.read_bytes() != before.path.read_bytes()


def test_nothing_is_built_twice(kernel: KernelImage, update_folder: Path, store: Store) -> None:
    (first,) = build_update(update_folder, kernel, store=store)
    steps = Steps()
    assert build_update(update_folder, kernel, store=store, progress=steps) == (first,)
    assert [what for _, _, what in steps.told] == ["unchanged objects", "checked recount.ko"]


def test_an_ordered_set_of_modules_comes_in_order(kernel: KernelImage, tmp_path: Path, store: Store) -> None:
    files = {
        "update.toml": """\
            [[module]]
            name = "second-named"
            revision = 1
            sources = ["b.cpp"]
            [[module]]
            name = "first-named"
            revision = 2
            sources = ["a.cpp"]
            requires = ["second-named"]
            """,
        "a.cpp": "int a() { return 1; }\n",
        "b.cpp": "int b() { return 1; }\n",
    }
    modules = build_update(write_tree(tmp_path / "set", files), kernel, store=store)
    assert [module.path.name for module in modules] == ["second-named.ko", "first-named.ko"]


def test_floating_point_in_a_module_is_refused(kernel: KernelImage, tmp_path: Path, store: Store) -> None:
    source = 'extern "C" float module_init(float x) { return x + x; }\n'
    folder = write_tree(tmp_path / "f", {"update.toml": 'name = "f"\nrevision = 1\n', "f.cpp": source})
    with pytest.raises(BuildError) as refusal:
        build_update(folder, kernel, store=store)
    expected = "f.ko: floating-point instruction at module_init+0x0: fadds f1, f1, f1"
    assert str(refusal.value) == expected


def test_diagnostics_name_the_module_and_the_kernels_headers(
    kernel: KernelImage, update_folder: Path, store: Store
) -> None:
    write_tree(
        update_folder, {"recount.cpp": '#include "kernel/count.h"\nint f() { return kernel::count(); }\n'}
    )
    with pytest.raises(CompilationError) as failure:
        build_update(update_folder, kernel, store=store)
    text = str(failure.value)
    assert text.startswith("recount/recount.cpp does not compile:\nrecount/recount.cpp:2:32: error:")
    assert "guest_kernel/kernel/count.h:4:9: note: 'count' declared here" in text


def test_a_module_cannot_take_a_name_that_outputs_use(
    kernel: KernelImage, update_folder: Path, store: Store
) -> None:
    manifest = UPDATE_FILES["update.toml"].replace('"recount"', '"generated"')
    write_tree(update_folder, {"update.toml": manifest})
    with pytest.raises(UsageError, match="a module cannot be called 'generated'"):
        build_update(update_folder, kernel, store=store)
