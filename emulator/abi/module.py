"""The metadata record of an update module: section ``.evergreen.module`` of its ``.ko``.

One :data:`MODULE_HEADER_RECORD`, then ``updates`` records of :data:`CLASS_UPDATE_RECORD`, then ``requires``
records of :data:`REQUIREMENT_RECORD`, then ``callers`` records of :data:`CALLER_RECORD`, without gaps;
big-endian, the section aligned to 8 bytes. The toolchain makes it from ``update.toml``:

=====================  ===================================================================================
key                    field
=====================  ===================================================================================
``name``               header ``name``: 1 to 47 of ``a-z 0-9 _ -``, first a letter
``revision``           header ``revision``: 1 to 2^32 - 1
``entry`` (optional)   header ``entry``: the extern "C" function to start with; ``module_init`` if absent
``[[class]]``          one class update each: ``name`` (as C++ spells it without the inline ``vN``),
                       ``from`` (0: the class is new) and ``to`` (the version that the module brings)
``requires``           one requirement each: the name of a module that must be loaded, and stays so
``[[caller]]``         one caller each: ``name`` of a class whose instances call the interface that this
                       module changes, and ``from``, its first version that calls the new one
``mode`` (optional)    flags ``EAGER`` or ``LAZY``: how instances that exist are converted; absent: as
                       the kernel finds best
``irreversible``       flag ``IRREVERSIBLE`` and header ``irreversible``: why the update cannot be undone
(the kernel's note)    header ``kernel_build_id``
=====================  ===================================================================================

Growth: the header carries its own size and that of each table's entries. A field that an old reader may
ignore is added at the end of a record, and old readers skip it; anything else raises ``format``. A reader
refuses a format above its own and each set flag that it does not know, because ignoring one would apply an
update otherwise than its author meant. ``irreversible`` is such a later field: a header without it is read
as if it were empty. Format 2 has the table of callers, format 1 has none.
"""

import re
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from emulator.abi.layout import U8, U32, U64, Array, Chars, Field, Record
from emulator.abi.loader import MODULE_REQUIRED_MAX, ConversionMode

MODULE_SECTION: Final = ".evergreen.module"
MODULE_MAGIC: Final = 0x4556_4D4F_4455_4C45  # "EVMODULE"
MODULE_FORMAT: Final = 2
BUILD_ID_BYTES: Final = 20
MODULE_TABLE_LIMIT: Final = 256

INIT_FUNCTIONS_SECTION: Final = "init_functions"
"""Annotated initialisation functions: ``kernel::InitFunction`` objects, in a module run before its entry."""
INIT_FUNCTION_SIZE: Final = 24
"""Bytes of one of them."""

MODULE_ENTRY: Final = "module_init"
"""``extern "C" kernel::Status module_init()``: registers the module's classes and starts its update."""
MODULE_EXIT: Final = "module_exit"
"""``extern "C" void module_exit()``, optional: called before the module's memory is freed."""

IRREVERSIBLE_SIZE: Final = 128


class ModuleFlag(IntFlag):
    """What must not be overlooked."""

    EAGER = 1
    """Instances are converted at once. Without it and LAZY the kernel chooses."""
    LAZY = 2
    """Instances are converted when they are first called."""
    IRREVERSIBLE = 4
    """Once its first instance is in service it cannot be cancelled or reverted."""


MODULE_HEADER_RECORD: Final = Record(
    "ModuleHeader",
    Field("magic", U64),
    Field("format", U32),
    Field("header_bytes", U32, "of this record; more in a later format"),
    Field("update_bytes", U32, "of one entry of the table of class updates"),
    Field("require_bytes", U32, "of one entry of the table of requirements"),
    Field("updates", U32, "entries of the first table"),
    Field("requires", U32, "entries of the second table"),
    Field("revision", U32),
    Field("flags", U32, "ModuleFlag"),
    Field("kernel_build_id", Array(U8, BUILD_ID_BYTES)),
    Field("name", Chars(48)),
    Field("entry", Chars(48)),
    Field("irreversible", Chars(IRREVERSIBLE_SIZE), "why; absent in older headers"),
    Field("caller_bytes", U32, "of one entry of the table of callers; from format 2 on"),
    Field("callers", U32, "entries of the third table; from format 2 on"),
)
_CALLER_FIELDS_SIZE: Final = 8
_HEADER_WITH_REASON: Final = MODULE_HEADER_RECORD.size - _CALLER_FIELDS_SIZE
_HEADER_LEAST: Final = _HEADER_WITH_REASON - IRREVERSIBLE_SIZE
_FORMAT_WITH_CALLERS: Final = 2

CLASS_UPDATE_RECORD: Final = Record(
    "ClassUpdate",
    Field("name", Chars(64)),
    Field("from_version", U32, "0: the class is new"),
    Field("to_version", U32),
)

REQUIREMENT_RECORD: Final = Record("Requirement", Field("name", Chars(48)))

CALLER_RECORD: Final = Record(
    "Caller",
    Field("name", Chars(64)),
    Field("version", U32, "the first that calls the new interface"),
)

_MODULE_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")
_CLASS_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(::[A-Za-z_][A-Za-z0-9_]*)*")
_FUNCTION_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class ClassUpdate:
    """One class that a module brings: from the version it replaces (0: none) to its own (1 and up)."""

    name: str
    from_version: int
    to_version: int

    def __str__(self) -> str:
        return f"{self.name} v{self.from_version} -> v{self.to_version}"


@dataclass(frozen=True)
class CallerClass:
    """A class whose instances call an interface that changes: the new one from ``version`` (2 and up) on."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name} until v{self.version}"


@dataclass(frozen=True)
class ModuleMetadata:
    """What a module says about itself. Values are checked by :meth:`pack` and :meth:`unpack`."""

    name: str
    revision: int
    kernel_build_id: bytes
    updates: tuple[ClassUpdate, ...] = ()
    requires: tuple[str, ...] = ()
    entry: str = MODULE_ENTRY
    mode: ConversionMode = ConversionMode.AUTO
    irreversible: str = ""
    """Why the update cannot be undone; empty when it can."""
    callers: tuple[CallerClass, ...] = ()
    """Whose instances get an adaptor in front of what they call, until none of them is left."""

    def pack(self) -> bytes:
        """The section's contents. Raises ValueError naming the field that is out of its range."""
        self._check()
        return b"".join(
            (
                MODULE_HEADER_RECORD.pack(
                    magic=MODULE_MAGIC,
                    format=MODULE_FORMAT,
                    header_bytes=MODULE_HEADER_RECORD.size,
                    update_bytes=CLASS_UPDATE_RECORD.size,
                    require_bytes=REQUIREMENT_RECORD.size,
                    updates=len(self.updates),
                    requires=len(self.requires),
                    revision=self.revision,
                    flags=int(self._flags()),
                    kernel_build_id=tuple(self.kernel_build_id),
                    name=self.name,
                    entry=self.entry,
                    irreversible=self.irreversible,
                    caller_bytes=CALLER_RECORD.size,
                    callers=len(self.callers),
                ),
                *(
                    CLASS_UPDATE_RECORD.pack(
                        name=update.name, from_version=update.from_version, to_version=update.to_version
                    )
                    for update in self.updates
                ),
                *(REQUIREMENT_RECORD.pack(name=name) for name in self.requires),
                *(CALLER_RECORD.pack(name=caller.name, version=caller.version) for caller in self.callers),
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> "ModuleMetadata":
        """Reads a section's contents, of this or an older format. Raises ValueError saying what is wrong."""
        header = _Header.read(data)
        updates_at = header.header_bytes
        requires_at = updates_at + header.updates * header.update_bytes
        callers_at = requires_at + header.requires * header.require_bytes
        metadata = cls(
            name=header.name,
            revision=header.revision,
            kernel_build_id=header.kernel_build_id,
            updates=tuple(
                _class_update(data, updates_at + index * header.update_bytes)
                for index in range(header.updates)
            ),
            requires=tuple(
                REQUIREMENT_RECORD.unpack(data[requires_at + index * header.require_bytes :]).text("name")
                for index in range(header.requires)
            ),
            entry=header.entry,
            mode=header.mode,
            irreversible=header.irreversible,
            callers=tuple(
                _caller(data, callers_at + index * header.caller_bytes) for index in range(header.callers)
            ),
        )
        metadata._check()
        return metadata

    def _flags(self) -> ModuleFlag:
        flags = _MODE_FLAGS[self.mode]
        return flags | ModuleFlag.IRREVERSIBLE if self.irreversible else flags

    def _check(self) -> None:
        if not _MODULE_NAME.fullmatch(self.name):
            raise ValueError(f"module name {self.name!r} is not made of a-z, 0-9, _ and -")
        if not 1 <= self.revision < 2**32:
            raise ValueError(f"revision {self.revision} is not in 1..4294967295")
        if len(self.kernel_build_id) != BUILD_ID_BYTES:
            raise ValueError(f"kernel build-id has {len(self.kernel_build_id)} bytes, not {BUILD_ID_BYTES}")
        if not _FUNCTION_NAME.fullmatch(self.entry):
            raise ValueError(f"entry {self.entry!r} is not the name of a function")
        if len(self.irreversible.encode()) >= IRREVERSIBLE_SIZE:
            raise ValueError(f"irreversible: a reason of at most {IRREVERSIBLE_SIZE - 1} bytes")
        self._check_updates()
        self._check_requires()
        self._check_callers()

    def _check_updates(self) -> None:
        _check_table("class updates", [update.name for update in self.updates])
        for update in self.updates:
            if not _CLASS_NAME.fullmatch(update.name):
                raise ValueError(f"class name {update.name!r} is not a C++ name")
            if not (0 <= update.from_version < 2**32 and 1 <= update.to_version < 2**32):
                raise ValueError(f"class {update}: versions run from 1 to 4294967295")
            if update.from_version == update.to_version:
                raise ValueError(f"class {update}: both versions are the same")

    def _check_requires(self) -> None:
        _check_table("requirements", self.requires, MODULE_REQUIRED_MAX)
        for name in self.requires:
            if not _MODULE_NAME.fullmatch(name):
                raise ValueError(f"required module name {name!r} is not made of a-z, 0-9, _ and -")
            if name == self.name:
                raise ValueError(f"module {name!r} requires itself")

    def _check_callers(self) -> None:
        _check_table("callers", [caller.name for caller in self.callers])
        for caller in self.callers:
            if not _CLASS_NAME.fullmatch(caller.name):
                raise ValueError(f"caller {caller.name!r} is not a C++ name")
            if not 2 <= caller.version < 2**32:
                raise ValueError(f"caller {caller}: versions that may change sides run from 2 to 4294967295")


@dataclass(frozen=True)
class _Header:
    """The header with its counts and sizes proven to fit the data."""

    header_bytes: int
    update_bytes: int
    require_bytes: int
    updates: int
    requires: int
    revision: int
    kernel_build_id: bytes
    name: str
    entry: str
    mode: ConversionMode
    irreversible: str
    caller_bytes: int
    callers: int

    @classmethod
    def read(cls, data: bytes) -> "_Header":
        if len(data) < _HEADER_LEAST:
            raise ValueError(f"{len(data)} bytes, the header alone takes {_HEADER_LEAST}")
        values = MODULE_HEADER_RECORD.unpack(data.ljust(MODULE_HEADER_RECORD.size, b"\0"))
        if values.number("magic") != MODULE_MAGIC:
            raise ValueError(f"magic {values.number('magic'):#x} is not {MODULE_MAGIC:#x}")
        if not 1 <= values.number("format") <= MODULE_FORMAT:
            raise ValueError(f"format {values.number('format')}, this version reads up to {MODULE_FORMAT}")
        unknown = values.number("flags") & ~int(ModuleFlag.EAGER | ModuleFlag.LAZY | ModuleFlag.IRREVERSIBLE)
        if unknown:
            raise ValueError(f"unknown flags {unknown:#x}")
        flags = ModuleFlag(values.number("flags"))
        has_reason = values.number("header_bytes") >= _HEADER_WITH_REASON
        has_callers = values.number("format") >= _FORMAT_WITH_CALLERS
        irreversible = values.text("irreversible") if has_reason else ""
        if bool(irreversible) is not bool(flags & ModuleFlag.IRREVERSIBLE):
            raise ValueError("irreversible without a reason, or a reason without the flag")
        header = cls(
            header_bytes=values.number("header_bytes"),
            update_bytes=values.number("update_bytes"),
            require_bytes=values.number("require_bytes"),
            updates=values.number("updates"),
            requires=values.number("requires"),
            revision=values.number("revision"),
            kernel_build_id=bytes(values.numbers("kernel_build_id")),
            name=values.text("name"),
            entry=values.text("entry"),
            mode=_mode(flags),
            irreversible=irreversible,
            caller_bytes=values.number("caller_bytes") if has_callers else CALLER_RECORD.size,
            callers=values.number("callers") if has_callers else 0,
        )
        header._check_sizes(len(data), MODULE_HEADER_RECORD.size if has_callers else _HEADER_LEAST)
        return header

    def _check_sizes(self, available: int, header_least: int) -> None:
        for name, size, least in (
            ("header", self.header_bytes, header_least),
            ("class update", self.update_bytes, CLASS_UPDATE_RECORD.size),
            ("requirement", self.require_bytes, REQUIREMENT_RECORD.size),
            ("caller", self.caller_bytes, CALLER_RECORD.size),
        ):
            if size < least:
                raise ValueError(f"a {name} record of {size} bytes, at least {least} expected")
        entries = max(self.updates, self.requires, self.callers)
        if entries > MODULE_TABLE_LIMIT:
            raise ValueError(f"{entries} entries in a table, the limit is {MODULE_TABLE_LIMIT}")
        tables = self.updates * self.update_bytes + self.requires * self.require_bytes
        needed = self.header_bytes + tables + self.callers * self.caller_bytes
        if needed != available:
            raise ValueError(f"header and tables take {needed} bytes, the section has {available}")


_MODE_FLAGS: Final = {
    ConversionMode.AUTO: ModuleFlag(0),
    ConversionMode.EAGER: ModuleFlag.EAGER,
    ConversionMode.LAZY: ModuleFlag.LAZY,
}


def _mode(flags: ModuleFlag) -> ConversionMode:
    wanted = flags & (ModuleFlag.EAGER | ModuleFlag.LAZY)
    for mode, flag in _MODE_FLAGS.items():
        if flag == wanted:
            return mode
    raise ValueError("flags ask for eager and lazy conversion at once")


def _class_update(data: bytes, offset: int) -> ClassUpdate:
    values = CLASS_UPDATE_RECORD.unpack(data[offset:])
    return ClassUpdate(values.text("name"), values.number("from_version"), values.number("to_version"))


def _caller(data: bytes, offset: int) -> CallerClass:
    values = CALLER_RECORD.unpack(data[offset:])
    return CallerClass(values.text("name"), values.number("version"))


def _check_table(what: str, names: "tuple[str, ...] | list[str]", limit: int = MODULE_TABLE_LIMIT) -> None:
    if len(names) > limit:
        raise ValueError(f"{len(names)} {what}, the limit is {limit}")
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{what} name {twice!r} twice")
