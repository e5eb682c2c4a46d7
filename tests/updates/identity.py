"""Updates that change nothing but version and layout, made from the sources of the shipped classes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from toolchain.paths import installation

MEMORY_CLASSES: Final[Mapping[str, str]] = {
    "HATDefault": "hat_default",
    "RegionDefault": "region_default",
    "FCMDefault": "fcm_default",
    "FCMFile": "fcm_file",
    "PMLeaf": "pm_leaf",
    "PMRoot": "pm_root",
}
"""Classes of the memory system and the names of their sources."""

_VERSION_1: Final = "inline namespace v1 {"
_FIRST_DATA: Final = re.compile(r"^(?=    (?:kernel::Mutex|Creation|FileSyncState) m_\w+;)", re.MULTILINE)
_HELPERS: Final = re.compile(r"^namespace \{\n.*?\n\n\}\n", re.MULTILINE | re.DOTALL)
_INCLUDES: Final = re.compile(r"^#include .*\n", re.MULTILINE)
_REGISTRATION: Final = re.compile(r"^static const objects::ClassRegistration.*\n", re.MULTILINE)
_USING: Final = "".join(f"using kernel::{name};\n" for name in ("Code", "Result", "Status", "Ticket"))
_PADDING: Final = "    [[maybe_unused]] uint64_t m_shift[3] = {1, 2, 3};\n"


def write_identity_update(folder: Path) -> None:
    """An update of all of them: members lie elsewhere than in version 1."""
    folder.mkdir()
    for source in MEMORY_CLASSES.values():
        shipped = installation().kernel_sources / "services" / "memory" / source
        header = shipped.with_suffix(".h").read_text(encoding="utf-8")
        body = shipped.with_suffix(".cpp").read_text(encoding="utf-8")
        include = f'#include "services/memory/{source}.h"\n'
        _write(folder / f"shifted_{source}.h", f"#pragma once\n{include}", _shifted(_versioned(header)))
        own = f'#include "kernel/park.h"\n#include "shifted_{source}.h"\n'
        includes = "".join(_INCLUDES.findall(body)) + own
        _write(folder / f"shifted_{source}.cpp", includes, f"{_USING}{_helpers(body)}{_versioned(body)}")
    _write_module(folder)


def _write(path: Path, includes: str, body: str) -> None:
    path.write_text(f"{includes}namespace services {{\n{body}\n}}\n", encoding="utf-8")


def _write_module(folder: Path) -> None:
    source = "".join(f'#include "shifted_{source}.h"\n' for source in MEMORY_CLASSES.values())
    source += '#include "objects/update.h"\nextern "C" kernel::Status module_init()\n{\n'
    manifest = 'name = "identity"\nrevision = 1\nsummary = "Changes nothing but layouts"\n'
    for name in MEMORY_CLASSES:
        source += f"    TRY(objects::update_class(services::v2::{name}::descriptor));\n"
        manifest += f'\n[[class]]\nname = "services::{name}"\nfrom = 1\nto = 2\n'
    (folder / "identity.cpp").write_text(f"{source}    return {{}};\n}}\n", encoding="utf-8")
    (folder / "update.toml").write_text(manifest, encoding="utf-8")


def _versioned(text: str) -> str:
    """What is in the namespace of version 1, as version 2, registered by the update itself."""
    start = text.index(_VERSION_1)
    end = text.rindex("}", 0, text.rindex("}"))
    inside = text[start : end + 1].replace(_VERSION_1, "namespace v2 {", 1)
    next_version = re.sub(r'(factory_class<\w+>\("\w+", "\w+", )1\)', r"\g<1>2)", inside)
    return _REGISTRATION.sub("", next_version)


def _helpers(text: str) -> str:
    """The functions of a source's own that stand before the class."""
    found = _HELPERS.search(text[: text.index(_VERSION_1)])
    return found[0] if found else ""


def _shifted(text: str) -> str:
    """With three words in front of the first member, or at the end where all members are inherited."""
    if _FIRST_DATA.search(text):
        return _FIRST_DATA.sub(_PADDING, text, count=1)
    return re.sub(r"^\};", f"private:\n{_PADDING}}};", text, count=1, flags=re.MULTILINE)
