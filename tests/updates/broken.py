"""Shipped updates with something broken in them, made from their own sources."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.system.machines import kernel
from tests.updates.failures import Subject
from toolchain.module import build_update

FAULT: Final = "*static_cast<volatile int*>(nullptr) = 1;"
ENDLESS: Final = "for (volatile int i = 0;;) i = i + 1;"
ENDLESS_WITHOUT_INTERRUPTS: Final = f"const kernel::IrqGuard nobody_interrupts; {ENDLESS}"
FAILURE: Final = "return kernel::Code::IO_ERROR;"

_ROOT: Final = """
#pragma once
#include "kernel/irq_guard.h"
#include "objects/transfer.h"

// Volatile: whichever instance it is, the code is the same to the instruction.
[[maybe_unused]] static volatile uint64_t import_to_fail = @IMPORT_AT@;
[[maybe_unused]] static volatile uint64_t export_to_fail = @EXPORT_AT@;
[[maybe_unused]] static uint64_t imports_done = 0;
[[maybe_unused]] static uint64_t exports_done = 0;

template <typename Base>
class Broken final : public Base {
public:
    using Base::Base;

    kernel::Status prepare_import(const objects::Format& format, objects::CpuSet cpus) override
    {
        @PREPARE@
        return Base::prepare_import(format, cpus);
    }
    kernel::Status import_state(
        const objects::Format& format, objects::TransferSite site, const objects::Parcel& parcel) override
    {
        TRY(Base::import_state(format, site, parcel));
        if (site.first() && __atomic_fetch_add(&imports_done, 1, __ATOMIC_RELAXED) == import_to_fail) {
            @IMPORT@
        }
        return {};
    }
    kernel::Status export_state(const objects::Format& format, objects::TransferSite site,
        objects::TransferArena& arena) const override
    {
        TRY(Base::export_state(format, site, arena));
        if (site.first() && __atomic_fetch_add(&exports_done, 1, __ATOMIC_RELAXED) == export_to_fail) {
            @EXPORT@
        }
        return {};
    }
    void commit_import() override
    {
        Base::commit_import();
        @COMMIT@
    }

private:
    static bool construct()
    {
        @CONSTRUCT@
        return true;
    }
    const bool m_constructed = construct();
};
"""
_NEVER: Final = 1 << 40
_ROOT_OF_CLASS: Final = re.compile(r"\b(factory_class|standard_class)<(.+?)>\(")
_FINAL_ROOT: Final = re.compile(r"^class (\w*Root) final", re.MULTILINE)
_INIT: Final = re.compile(
    r"(?P<head>module_init\(\)\n\{\n)(?P<body>.*?)    return (?P<last>[^;]*);\n\}", re.DOTALL
)


@dataclass(frozen=True)
class Fault:
    """What is wrong, as C++: statements that the module executes at some place."""

    before: str = ""
    """First in the initialisation."""
    after: str = ""
    """Last in the initialisation, when all that it brings is in service."""
    construct: str = ""
    """Whenever an object, or what is to take over from one, is made."""
    prepare: str = ""
    on_import: str = ""
    import_at: int = _NEVER
    """Of which instance, from 0."""
    on_export: str = ""
    export_at: int = _NEVER
    commit: str = ""
    mode: str = ""
    """``eager`` or ``lazy``, where the update does not leave it to the factory."""
    edits: tuple[tuple[str, str], ...] = ()
    """Further texts of its sources, and what stands there instead."""


@cache
def broken(subject: Subject, fault: Fault) -> bytes:
    """The module."""
    with TemporaryDirectory() as directory:
        folder = Path(directory) / "update"
        shutil.copytree(subject.sources, folder)
        (folder / "broken.h").write_text(_broken_root(fault), encoding="utf-8")
        sources = [source.read_text(encoding="utf-8") for source in folder.glob("*.cpp")]
        assert all(any(old in text for text in sources) for old, _ in fault.edits)
        for source in folder.glob("*.cpp"):
            source.write_text(_broken_source(source.read_text(encoding="utf-8"), fault), encoding="utf-8")
        manifest = folder / "update.toml"
        if fault.mode:
            manifest.write_text(
                f'mode = "{fault.mode}"\n{manifest.read_text(encoding="utf-8")}', encoding="utf-8"
            )
        built = build_update(folder, kernel())
        return next(each.path for each in built if each.metadata.name == subject.module).read_bytes()


def _broken_root(fault: Fault) -> str:
    text = _ROOT
    for place, statement in (
        ("PREPARE", fault.prepare),
        ("IMPORT_AT", str(fault.import_at)),
        ("IMPORT", fault.on_import),
        ("EXPORT_AT", str(fault.export_at)),
        ("EXPORT", fault.on_export),
        ("COMMIT", fault.commit),
        ("CONSTRUCT", fault.construct),
    ):
        text = text.replace(f"@{place}@", statement)
    return text


def _broken_source(text: str, fault: Fault) -> str:
    text = _ROOT_OF_CLASS.sub(r"\1<Broken<\2>>(", _FINAL_ROOT.sub(r"class \1", text))
    for old, new in fault.edits:
        text = text.replace(old, new)
    replacement = (
        rf"\g<head>    {fault.before}\n\g<body>    TRY(\g<last>);\n    {fault.after}\n    return {{}};\n}}"
    )
    return f'#include "broken.h"\n{_INIT.sub(replacement, text)}'
