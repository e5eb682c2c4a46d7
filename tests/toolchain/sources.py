"""The smallest trees that build: a kernel of three files, an update of one; and a progress to watch."""

from pathlib import Path

KERNEL_FILES = {
    "arch/ppc64/start.S": """\
    .section .text.start,"ax"
    .globl _start
_start:
    b _start
""",
    "arch/ppc64/kernel.lds": """\
ENTRY(_start)
SECTIONS
{
    . = 0xC000000000010000;
    .text : { *(.text.start) *(.text .text.*) }
    .rodata : { *(.rodata .rodata.*) }
    .note.gnu.build-id : { *(.note.gnu.build-id) }
    .data : { *(.data .data.*) }
    .got : { *(.got .toc) }
    .bss : { *(.bss .bss.*) }
}
""",
    "kernel/count.h": """\
#pragma once
#include "abi.h"
namespace kernel {
int64_t count(int64_t by);
const char* where();
}
""",
    "kernel/count.cpp": """\
#include "kernel/count.h"
namespace kernel {
static int64_t total;
int64_t count(int64_t by) { return total += by; }
const char* where() { return __FILE__; }
}
""",
    "kernel/alone.cpp": "namespace kernel { int alone() { return 1; } }\n",
}

UPDATE_FILES = {
    "update.toml": """\
name = "recount"
revision = 3
requires = ["base"]

[[class]]
name = "kernel::Count"
from = 1
to = 2
""",
    "recount.cpp": """\
#include "kernel/count.h"
struct Count { virtual int64_t by(int64_t step); };
int64_t Count::by(int64_t step) { return kernel::count(step); }
Count instance;
extern "C" int64_t module_init() { return instance.by(2) + *kernel::where() + *__FILE__; }
""",
}


def write_tree(directory: Path, files: dict[str, str]) -> Path:
    """Writes files, named by path, and returns the directory."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


class Steps:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, str]] = []

    def __call__(self, done: int, total: int, what: str) -> None:
        self.told.append((done, total, what))

    @property
    def compiled(self) -> set[str]:
        return {
            what.removeprefix("guest_kernel/") for _, _, what in self.told if what.startswith("guest_kernel/")
        }
