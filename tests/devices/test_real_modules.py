"""C++ modules through the compiler, the linker, the loader and the guest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.abi.loader import NO_OFFSET
from emulator.abi.mailbox import Operation
from emulator.abi.status import Code
from emulator.devices.loader import ModuleImage
from emulator.modules import Bases, KernelSymbols, LinkedModule, SegmentKind, link_module, relocate
from tests.devices.booted import Booted, kernel_image
from toolchain.kernel import build_kernel
from toolchain.module import build_update

HEAD = '#include "kernel/print.h"\n#include "kernel/status.h"\nusing kernel::Code;\nusing kernel::Status;\n'
WORKING = """
struct Shape { virtual int corners() const = 0; };
struct Square final : Shape { int corners() const override { return 4; } };
struct Announcer {
    explicit Announcer(const char* name) { kernel::print("%s is constructed", name); }
};
Announcer first("first"), second("second");
Square square;
const Shape* volatile shape = &square;
static unsigned zeroed[3000];
extern "C" Status module_init()
{
    for (unsigned value : zeroed) {
        if (value != 0)
            return Code::INVALID;
    }
    zeroed[2999] = 7;
    kernel::print("a square has %d corners", shape->corners());
    return {};
}
[[gnu::destructor]] static void at_end() { kernel::print("at the very end"); }
extern "C" void module_exit() { kernel::print("exit sees %u", zeroed[2999]); }
"""
ENDLESS_WITH_FRAMES = """
[[gnu::noinline]] static void spin(volatile unsigned* counter) { for (;;) *counter = *counter + 1; }
[[gnu::noinline]] static unsigned outer() { volatile unsigned counter = 0; spin(&counter); return counter; }
extern "C" Status module_init() { return outer() == 1 ? Code::OK : Code::INVALID; }
"""
ENDLESS_IN_CONSTRUCTOR = """
struct Endless { Endless() { for (volatile int i = 0;; i = i + 1) { } } };
Endless endless;
extern "C" Status module_init() { return {}; }
"""
ENDLESS_CALLS = """
extern "C" Status module_init() { for (unsigned i = 0;; ++i) { if (i % 64 == 0) kernel::print("turn"); } }
"""
FAILS = 'extern "C" Status module_init() { return Code::NO_FORMAT; }'


class Modules:
    """Builds, links and relocates modules of one source file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.symbols = KernelSymbols.from_elf(kernel_image())
        self.linked: dict[str, LinkedModule] = {}

    def image(self, name: str, source: str) -> ModuleImage:
        folder = self.folder / name
        folder.mkdir()
        (folder / "update.toml").write_text(f'name = "{name}"\nrevision = 1\n')
        (folder / "module.cpp").write_text(HEAD + source)
        (file,) = build_update(folder, build_kernel())
        linked = self.linked[name] = link_module(file.path.read_bytes(), self.symbols)
        bases = Bases.contiguous(linked, 0)
        text, rodata, data = (linked.segments[kind].size for kind in SegmentKind)

        def array(offset: int, count: int) -> int:
            return bases.rodata + offset if count else NO_OFFSET

        return ModuleImage(
            key=name,
            name=name,
            text_size=text,
            rodata_size=rodata,
            data_size=data,
            entry=linked.entry.value,
            exit=linked.exit.value if linked.exit else NO_OFFSET,
            init_array=array(linked.init_array.offset, linked.init_array.count),
            init_array_count=linked.init_array.count,
            fini_array=array(linked.fini_array.offset, linked.fini_array.count),
            fini_array_count=linked.fini_array.count,
            time_limit=1_000_000,
        )

    def relocate(self, key: str, bases: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
        placed = relocate(self.linked[key], Bases(*bases), self.symbols.toc)
        text, rodata, data = (placed.images[kind] for kind in SegmentKind)
        return text, rodata, data


@pytest.fixture
def modules(tmp_path: Path) -> Modules:
    return Modules(tmp_path)


@pytest.fixture
def guest(modules: Modules) -> Iterator[Booted]:
    with Booted(modules) as booted:
        yield booted


def test_a_module_works_from_constructors_to_destructors(guest: Booted, modules: Modules) -> None:
    for _ in range(2):
        shown = len(guest.lines)
        image = modules.image(f"working{shown}", WORKING)
        outcome = guest.load(image)
        assert (outcome.code, outcome.text) == (Code.OK, "")
        assert guest.lines[shown:] == [
            "first is constructed",
            "second is constructed",
            "a square has 4 corners",
        ]
        shown = len(guest.lines)
        assert guest.ask(Operation.UNLOAD, outcome.module).code == Code.OK
        assert guest.lines[shown:] == ["exit sees 7", "at the very end"]


@pytest.mark.parametrize("source", [ENDLESS_WITH_FRAMES, ENDLESS_IN_CONSTRUCTOR, ENDLESS_CALLS])
def test_a_module_that_never_ends_is_ended(guest: Booted, modules: Modules, source: str) -> None:
    outcome = guest.load(modules.image("endless", source))
    assert (outcome.code, outcome.text) == (Code.TIMED_OUT, "did not end within 1000000 ns")
    assert outcome.base <= outcome.address < outcome.base + 0x1000
    assert guest.modules() == []


def test_a_module_that_fails_says_why(guest: Booted, modules: Modules) -> None:
    outcome = guest.load(modules.image("fails", FAILS))
    assert (outcome.code, outcome.text) == (Code.NO_FORMAT, "no common transfer format")
    assert guest.modules() == []
