"""Builds the guest kernel's image: every source under ``guest_kernel``, linked by its linker script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emulator.errors import BuildError
from toolchain.abi_header import generate
from toolchain.compiler import REQUIRED_VERSION, SourceRoot, Unit
from toolchain.objects import Builder, Object, Progress, silent
from toolchain.paths import cache_directory, installation
from toolchain.store import Store, digest

LINKER_SCRIPT: Final = "arch/ppc64/kernel.lds"
IMAGE_NAME: Final = "kernel.elf"
BUILD_ID_NAME: Final = "build-id"
KERNEL_LABEL: Final = "guest_kernel"
GENERATED_LABEL: Final = "generated"

LINK_FLAGS: Final = (
    "-static",
    "--build-id=sha1",
    # Modules use the kernel's TOC as compiled: the linker must not turn its entries into direct addresses.
    "--no-toc-optimize",
    "--fatal-warnings",
    "-z",
    "noexecstack",
    "-z",
    "max-page-size=0x1000",
)


WITHOUT_FACTORIES: Final = ("-DWITHOUT_FACTORIES",)
"""Flags of a kernel whose objects are created and destroyed without factories: to measure what they cost."""


@dataclass(frozen=True)
class KernelImage:
    """A linked kernel: an ELF file with symbols and debug information, and the sources of its headers."""

    path: Path
    build_id: str
    """SHA-1 of the linked contents, 40 hexadecimal digits, as in ``.note.gnu.build-id``."""
    sources: Path
    """The directory that its includes are rooted at; modules are compiled against these headers."""
    flags: tuple[str, ...] = ()
    """More arguments of every compilation, of modules for it as well: they decide what its headers say."""


def build_kernel(
    sources: Path | None = None,
    *,
    store: Store | None = None,
    progress: Progress = silent,
    flags: Sequence[str] = (),
) -> KernelImage:
    """The kernel's image, built where something has changed since it was last built.

    ``sources`` is a kernel source tree other than the installation's own; ``flags`` are more arguments of
    every compilation. Raises BuildError (CompilationError with the compiler's diagnostics).
    """
    own = installation()
    if own.prebuilt is not None and sources is None and not flags:
        return _prebuilt(own.prebuilt, own.kernel_sources)
    tree = (sources or own.kernel_sources).resolve()
    builder = Builder(store or default_store(), progress)
    units = kernel_units(tree, generated_headers(builder.store), tuple(flags))
    objects = builder.compile_all(units, more_steps=2)
    linked = _linked(builder, tree, dict(zip((unit.label for unit in units), objects, strict=True)))
    return replace(linked, flags=tuple(flags))


def default_store() -> Store:
    """The store in the user's cache, in a directory of its own: the store removes what is old."""
    return Store(cache_directory() / "build")


def generated_headers(store: Store) -> SourceRoot:
    """The directory that holds the generated ``abi.h``."""
    text = generate()
    key = digest([text])
    path = store.find("generated", key, "abi.h") or store.put("generated", key, "abi.h", text.encode())
    return SourceRoot(path.parent, GENERATED_LABEL)


def kernel_units(tree: Path, generated: SourceRoot, flags: tuple[str, ...] = ()) -> list[Unit]:
    """Every C++ and assembly source of the tree, sorted by name, whatever order the disk has them in.

    Raises BuildError when there is none.
    """
    root = SourceRoot(tree, KERNEL_LABEL)
    paths = (path for path in tree.rglob("*") if path.suffix in (".cpp", ".S"))
    names = sorted(path.relative_to(tree).as_posix() for path in paths)
    if not names:
        raise BuildError(f"no kernel sources in {tree}")
    return [Unit(root, name, (root, generated), flags) for name in names]


def _prebuilt(directory: Path, sources: Path) -> KernelImage:
    try:
        build_id = (directory / BUILD_ID_NAME).read_text(encoding="ascii")
    except OSError:
        raise BuildError(f"the kernel image is missing in {directory}: install the package again") from None
    return KernelImage(directory / IMAGE_NAME, build_id, sources)


def _linked(builder: Builder, tree: Path, objects: dict[str, Object]) -> KernelImage:
    script = tree / LINKER_SCRIPT
    try:
        script_text = script.read_bytes()
    except OSError as error:
        raise BuildError(f"{KERNEL_LABEL}/{LINKER_SCRIPT}: {error.strerror}") from None
    parts = [part for label, each in objects.items() for part in (label, each.key)]
    key = digest(["kernel", REQUIRED_VERSION, *LINK_FLAGS, script_text, *parts])
    store, steps = builder.store, len(objects) + 2
    build_id = store.find("kernels", key, BUILD_ID_NAME)
    path = store.find("kernels", key, IMAGE_NAME)
    if path is None or build_id is None:
        image = builder.compiler.link(
            {label: each.path for label, each in objects.items()}, [*LINK_FLAGS, "-T", str(script)]
        )
        builder.progress(steps - 1, steps, f"linked {IMAGE_NAME}")
        note = _checked_build_id(image)
        path = store.put("kernels", key, IMAGE_NAME, image)
        build_id = store.put("kernels", key, BUILD_ID_NAME, note.encode())
        store.trim()
    builder.progress(steps, steps, f"checked {IMAGE_NAME}")
    return KernelImage(path, build_id.read_text(encoding="ascii"), tree)


def _checked_build_id(image: bytes) -> str:
    # What reads ELF files takes longer to import than it takes to find that nothing has changed.
    from toolchain.build_id import read_build_id
    from toolchain.verify import check_instructions

    check_instructions(image, IMAGE_NAME)
    build_id = read_build_id(image)
    if build_id is None:
        raise BuildError(f"{KERNEL_LABEL}/{LINKER_SCRIPT}: the image has no .note.gnu.build-id section")
    return build_id
