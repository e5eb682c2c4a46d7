"""Reads ``update.toml``, which says what the modules of an update's folder are.

A folder holds one module, described by the keys of the file itself, or an ordered set of them, one
``[[module]]`` table each with the same keys and with ``sources``:

=====================  ===================================================================================
key                    meaning
=====================  ===================================================================================
``name``               name of the module, and of its file ``NAME.ko``
``revision``           1 and up, raised with each release of the module
``summary`` (opt.)     one line for people
``entry`` (opt.)       the function that starts the update; ``module_init`` if absent
``requires`` (opt.)    names of the modules that must be loaded before
``provides`` (opt.)    names of the interfaces (kinds) for which the update is loaded on demand
``sources`` (opt.)     the C++ files, relative to the folder; every ``*.cpp`` in it if absent
``mode`` (opt.)        how instances that exist are converted: ``eager``, ``lazy`` or ``auto`` (the default)
``irreversible``       why the update cannot be undone, in a line; absent: it can
``[[class]]`` (opt.)   a class that the module brings: ``name``, ``from`` (0: it is new), ``to``
``[[caller]]`` (opt.)  a class that calls the interface which the module changes: ``name``, and ``from``, its
                       first version that calls the new one; the sources find them in ``callers.h``
=====================  ===================================================================================
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from emulator.abi.loader import ConversionMode
from emulator.abi.module import BUILD_ID_BYTES, MODULE_ENTRY, CallerClass, ClassUpdate, ModuleMetadata
from emulator.errors import UsageError

MANIFEST_NAME: Final = "update.toml"

_MODULE_KEYS: Final = frozenset(
    (
        "name",
        "revision",
        "summary",
        "entry",
        "requires",
        "provides",
        "sources",
        "class",
        "caller",
        "mode",
        "irreversible",
    )
)
_CLASS_KEYS: Final = frozenset(("name", "from", "to"))
_CALLER_KEYS: Final = frozenset(("name", "from"))

T = TypeVar("T")


@dataclass(frozen=True)
class ModuleSource:
    """One module of an update: its sources and all that its metadata says but the kernel's build-id."""

    folder: Path
    sources: tuple[str, ...]
    name: str
    revision: int
    summary: str
    entry: str
    updates: tuple[ClassUpdate, ...]
    requires: tuple[str, ...]
    mode: ConversionMode
    irreversible: str
    provides: tuple[str, ...] = ()
    callers: tuple[CallerClass, ...] = ()

    def metadata(self, kernel_build_id: bytes) -> ModuleMetadata:
        """The metadata of the module when built for the kernel of that build-id (20 bytes)."""
        return ModuleMetadata(
            self.name,
            self.revision,
            kernel_build_id,
            self.updates,
            self.requires,
            self.entry,
            self.mode,
            self.irreversible,
            self.callers,
        )


def read_manifest(folder: Path) -> tuple[ModuleSource, ...]:
    """The modules of an update's folder, in the order in which they are loaded.

    Raises UsageError, one line that names the file and the key, for anything wrong.
    """
    path = folder / MANIFEST_NAME
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text: byte {error.start}") from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    try:
        return tuple(_module(folder, table) for table in _tables(document))
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def _tables(document: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    if "module" not in document:
        return [document]
    _known(document, frozenset(("module", "summary")), "beside [[module]]")
    tables = _list_of(document, "module", dict)
    if not tables or any("sources" not in table for table in tables):
        raise ValueError("each [[module]] of a set needs its own sources")
    names = [table.get("name") for table in tables]
    if len(set(map(str, names))) != len(names):
        raise ValueError("two [[module]] tables have the same name")
    return tables


def _module(folder: Path, table: Mapping[str, object]) -> ModuleSource:
    _known(table, _MODULE_KEYS, "of a module")
    module = ModuleSource(
        folder=folder,
        sources=_sources(folder, table),
        name=_required(table, "name", str),
        revision=_required(table, "revision", int),
        summary=_optional(table, "summary", ""),
        entry=_optional(table, "entry", MODULE_ENTRY),
        updates=tuple(_class_update(each) for each in _list_of(table, "class", dict)),
        requires=tuple(_list_of(table, "requires", str)),
        provides=tuple(_list_of(table, "provides", str)),
        mode=_mode(_optional(table, "mode", "auto")),
        irreversible=_optional(table, "irreversible", ""),
        callers=tuple(_caller(each) for each in _list_of(table, "caller", dict)),
    )
    module.metadata(bytes(BUILD_ID_BYTES)).pack()  # checks every value
    return module


def _sources(folder: Path, table: Mapping[str, object]) -> tuple[str, ...]:
    names = _list_of(table, "sources", str) or [path.name for path in folder.glob("*.cpp")]
    if not names:
        raise ValueError("there is no C++ source beside it")
    for name in names:
        if not (name.endswith(".cpp") and (folder / name).is_file()):
            raise ValueError(f"sources: {name!r} is not a C++ file of the folder")
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"sources: {name!r} lies outside the folder")
    return tuple(sorted(set(names)))


def _class_update(table: Mapping[str, object]) -> ClassUpdate:
    _known(table, _CLASS_KEYS, "of [[class]]")
    versions = (_required(table, key, int) for key in ("from", "to"))
    return ClassUpdate(_required(table, "name", str), *versions)


def _caller(table: Mapping[str, object]) -> CallerClass:
    _known(table, _CALLER_KEYS, "of [[caller]]")
    return CallerClass(_required(table, "name", str), _required(table, "from", int))


def _mode(word: str) -> ConversionMode:
    modes = {mode.name.lower(): mode for mode in ConversionMode}
    if word not in modes:
        raise ValueError(f"mode = {word!r}: known are {', '.join(modes)}")
    return modes[word]


def _known(table: Mapping[str, object], keys: frozenset[str], where: str) -> None:
    unknown = sorted(set(table) - keys)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r} {where}; known are {', '.join(sorted(keys))}")


def _required(table: Mapping[str, object], key: str, kind: type[T]) -> T:
    if key not in table:
        raise ValueError(f"key {key!r} is missing")
    value = table[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{key} = {value!r}: {kind.__name__} expected")
    return value


def _optional(table: Mapping[str, object], key: str, default: str) -> str:
    return _required(table, key, str) if key in table else default


def _list_of(table: Mapping[str, object], key: str, kind: type[T]) -> list[T]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
        raise ValueError(f"{key}: a list of {kind.__name__} expected")
    return values
