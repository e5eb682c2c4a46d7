"""Calls through references in a run, by interface: counted where they arrive.

Every object's virtual table begins with ``objects::Rep<Interface>::class_of``, so it tells the interface.
What enters a method without being a direct call came through a reference, or an interposer in front of one.
"""

from __future__ import annotations

import re
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from emulator.bench.executions import Executions
from emulator.errors import GuestError
from emulator.modules.demangle import demangle
from emulator.modules.symbol_index import NamedRange
from emulator.monitor.code import ADDRESS_SIZE, INSTRUCTION_SIZE
from emulator.system import Machine

_VTABLE: Final = "vtable for "
_VTABLE_HEAD: Final = 2 * ADDRESS_SIZE
_IDENTITY: Final = re.compile(r"objects::Rep<(?P<interface>.*)>::class_of\(\)$")
_VERSION: Final = re.compile(r"\bv\d+::")
_TESTS: Final = "tests::"
_PURE: Final = "__cxa_pure_virtual"
_DESCRIPTOR: Final = "::descriptor"
_DESCRIPTOR_WORDS: Final = struct.Struct(">QQQI")
"""How ``ClassDescriptor`` begins: name, kind, version, methods."""
_KIND_BYTES: Final = 64
_BASE_METHODS: Final = 2
_BRANCH_OPCODE: Final = 18
_CALL_THROUGH_POINTER: Final = 0x4E800421
_SETS_UP_TOC: Final = 0x3C4C
"""``addis r2, r12, ...``: the first of two instructions that calls from nearby skip."""
_TOC_BYTES: Final = 8


@dataclass(frozen=True)
class InterfaceCalls:
    """Of the methods that one interface lists."""

    interface: str
    """Without its namespace."""
    implementations: int
    """Classes that the kernel has for it, whatever their versions; those of tests do not count."""
    calls: int


@dataclass(frozen=True)
class _Vtable:
    owner: str
    interface: str
    slots: tuple[int, ...]


class CallCode:
    """The code of a machine as it is now: the methods of its objects, and who calls them directly."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def calls(self, executions: Executions) -> list[InterfaceCalls]:
        """By interface, the most called first."""
        tables: Mapping[str, list[_Vtable]] = defaultdict(list)
        for table in self._vtables:
            tables[table.interface].append(table)
        found = [self._calls_of(name, of_name, executions) for name, of_name in tables.items()]
        return sorted(found, key=lambda each: (-each.calls, each.interface))

    def through_pointers(self, executions: Executions) -> int:
        """Calls of all kinds whose callee is in a register."""
        return sum(executions.at(address) for address, word in self._words if word == _CALL_THROUGH_POINTER)

    def _calls_of(self, interface: str, tables: list[_Vtable], executions: Executions) -> InterfaceCalls:
        name = interface.rpartition("::")[2]
        # A representative may have more virtual methods, which nobody reaches through a reference.
        listed = self._listed.get(name, min(len(table.slots) for table in tables))
        if not all(_BASE_METHODS <= listed <= len(table.slots) for table in tables):
            raise GuestError(f"the kernel's descriptors give {interface} {listed} methods")
        methods = {self._entry(slot) for table in tables for slot in table.slots[:listed]}
        calls = sum(executions.at(each) - self._direct(each, executions) for each in methods)
        owners = {_VERSION.sub("", table.owner) for table in tables if self._has_instances(table)}
        return InterfaceCalls(name, len(owners), calls)

    def _has_instances(self, table: _Vtable) -> bool:
        names = [self._machine.symbols.find(slot) for slot in table.slots]
        return _TESTS not in table.owner and all(each and each.name != _PURE for each in names)

    def _direct(self, method: int, executions: Executions) -> int:
        callers = [*self._callers.get(method, ()), *self._callers.get(method - _TOC_BYTES, ())]
        return sum(executions.at(each) for each in callers)

    def _entry(self, address: int) -> int:
        """Where every call comes by."""
        first = self._read(address, INSTRUCTION_SIZE)
        return address + _TOC_BYTES * (int.from_bytes(first[:2], "big") == _SETS_UP_TOC)

    @cached_property
    def _listed(self) -> Mapping[str, int]:
        """Methods that interfaces list, the base's included, by kind, as classes describe themselves."""
        found: dict[str, int] = {}
        for item in self._ranges:
            if not demangle(item.name).endswith(_DESCRIPTOR) or item.size < _DESCRIPTOR_WORDS.size:
                continue
            _name, kind, _version, methods = _DESCRIPTOR_WORDS.unpack(
                self._read(item.start, _DESCRIPTOR_WORDS.size)
            )
            text = self._machine.cpus[0].read(kind, _KIND_BYTES) or b""
            found[text.partition(b"\0")[0].decode(errors="replace")] = methods
        return found

    @cached_property
    def _vtables(self) -> list[_Vtable]:
        return [table for item in self._ranges if (table := self._vtable(item)) is not None]

    def _vtable(self, item: NamedRange) -> _Vtable | None:
        name = demangle(item.name)
        if not name.startswith(_VTABLE) or item.size <= _VTABLE_HEAD:
            return None
        words = struct.unpack(f">{item.size // ADDRESS_SIZE}Q", self._read(item.start, item.size))
        slots = words[_VTABLE_HEAD // ADDRESS_SIZE :]
        first = self._machine.symbols.find(slots[0])
        identity = _IDENTITY.match(demangle(first.name)) if first is not None else None
        if identity is None or _TESTS in identity["interface"]:
            return None
        return _Vtable(name[len(_VTABLE) :], identity["interface"], slots)

    @cached_property
    def _callers(self) -> Mapping[int, list[int]]:
        """Direct branches by where they lead."""
        found: Mapping[int, list[int]] = defaultdict(list)
        for address, word in self._words:
            if word >> 26 == _BRANCH_OPCODE and not word & 2:
                found[address + _signed(word & 0x03FF_FFFC)].append(address)
        return found

    @cached_property
    def _words(self) -> list[tuple[int, int]]:
        return [
            (item.start + INSTRUCTION_SIZE * index, word)
            for item in self._ranges
            if item.is_function and item.size
            for index, (word,) in enumerate(
                struct.iter_unpack(">I", self._read(item.start, item.size - item.size % INSTRUCTION_SIZE))
            )
        ]

    @property
    def _ranges(self) -> Iterator[NamedRange]:
        """Each once, though it may have several names."""
        seen: Counter[tuple[int, int]] = Counter()
        for index in (self._machine.symbols.kernel.index, *(m.index for m in self._machine.symbols.modules)):
            for item in index.ranges:
                seen[item.start, item.size] += 1
                if seen[item.start, item.size] == 1:
                    yield item

    def _read(self, address: int, size: int) -> bytes:
        data = self._machine.cpus[0].read(address, size)
        assert data is not None, f"{address:#x} belongs to a symbol"
        return data


def _signed(offset: int) -> int:
    """Of the 26 bits of a branch."""
    return offset - (1 << 26) if offset & 1 << 25 else offset
