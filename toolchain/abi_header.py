"""Generates the guest's ``abi.h`` from the modules of :mod:`emulator.abi`.

The text depends only on those modules: they are taken in alphabetical order and read in source order; a
structure that another one contains comes before it. Assembly includes the same file and gets every number
as a macro ``ABI_NAME`` (``ABI_ENUM_MEMBER``, ``ABI_RECORD_field`` for offsets, ``ABI_RECORD_SIZE``).
Names stay as they are, but for a word that C++ reserves, which gets an underscore at its end.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from pathlib import Path
from types import ModuleType
from typing import Final

import emulator.abi
from emulator.abi.layout import Array, FieldType, Placed, Record
from emulator.errors import BuildError

_RESERVED: Final = frozenset(
    """alignas alignof and asm auto bool break case catch char class concept const constexpr continue default
    delete do double else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new not operator or private protected public register requires return short signed sizeof static
    struct switch template this throw true try typedef typename union unsigned using virtual void volatile
    while xor""".split()
)
"""Words of C++ that a field may well be called."""

_PROLOGUE: Final = """\
// Generated from emulator/abi by toolchain/abi_header.py: change those modules, not this file.
#pragma once
"""


@dataclass(frozen=True)
class Constant:
    """A module-level ``Final`` number or text."""

    name: str
    value: int | str
    doc: str


@dataclass(frozen=True)
class Enumeration:
    """An ``IntEnum`` or ``IntFlag`` with its members and their docstrings."""

    name: str
    doc: str
    members: tuple[Constant, ...]
    flags: bool

    @property
    def signed(self) -> bool:
        """Whether any member is negative."""
        return any(isinstance(member.value, int) and member.value < 0 for member in self.members)


@dataclass(frozen=True)
class Structure:
    """A record with its docstring."""

    record: Record
    doc: str


@dataclass
class Description:
    """What one module of the ABI package defines, in source order."""

    module: str
    doc: str
    constants: list[Constant] = field(default_factory=list)
    enumerations: list[Enumeration] = field(default_factory=list)
    structures: list[Structure] = field(default_factory=list)


def generate() -> str:
    """The header's text. Raises BuildError when two modules define one name."""
    return render([describe(module) for module in _modules(emulator.abi)])


def render(descriptions: list[Description]) -> str:
    """The header of the given descriptions. Raises BuildError when two of them define one name."""
    _refuse_duplicates(descriptions)
    structures = _ordered([one for each in descriptions for one in each.structures])
    parts = [_PROLOGUE, "#ifdef __ASSEMBLER__\n"]
    parts += [_assembly(each) for each in descriptions]
    parts += ["#else\n", "#include <stddef.h>\n#include <stdint.h>\n", "namespace abi {\n"]
    parts += [_declarations(each) for each in descriptions]
    parts += [_structure(each) for each in structures]
    parts += ["}  // namespace abi\n", "#endif\n"]
    return "\n".join(part for part in parts if part)


def describe(module: ModuleType) -> Description:
    """What a module defines itself; what it imports from another belongs to that one."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    result = Description(module.__name__, _first_line(ast.get_docstring(tree) or ""))
    for node, doc in _documented(tree.body):
        if isinstance(node, ast.ClassDef):
            _add_class(result, getattr(module, node.name), node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _is_final(node):
            _add_value(result, node.target.id, getattr(module, node.target.id), doc)
    return result


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for name in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        yield importlib.import_module(f"{package.__name__}.{name}")


def _is_final(node: ast.AnnAssign) -> bool:
    return ast.unparse(node.annotation).startswith("Final")


def _documented(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Each statement with the string literal that follows it, its docstring by convention."""
    for node, following in zip(body, [*body[1:], None], strict=True):
        doc = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            doc = str(following.value.value)
        yield node, _one_line(doc)


def _add_class(result: Description, defined: object, node: ast.ClassDef) -> None:
    if not (isinstance(defined, type) and issubclass(defined, IntEnum | IntFlag)):
        return
    docs = {
        target.id: doc
        for statement, doc in _documented(node.body)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    members = tuple(
        Constant(name, int(member), docs.get(name, "")) for name, member in defined.__members__.items()
    )
    doc = _first_line(ast.get_docstring(node) or "")
    result.enumerations.append(Enumeration(node.name, doc, members, issubclass(defined, IntFlag)))


def _add_value(result: Description, name: str, value: object, doc: str) -> None:
    if name.startswith("_"):
        return
    if isinstance(value, Record):
        result.structures.append(Structure(value, doc))
    elif isinstance(value, int | str):
        result.constants.append(Constant(name, value, doc))


def _refuse_duplicates(descriptions: list[Description]) -> None:
    owners: dict[str, str] = {}
    for each in descriptions:
        names = [constant.name for constant in each.constants]
        names += [enumeration.name for enumeration in each.enumerations]
        names += [structure.record.name for structure in each.structures]
        for name in names:
            if name in owners:
                raise BuildError(f"abi: {name} is defined by {owners[name]} and by {each.module}")
            owners[name] = each.module


def _ordered(structures: list[Structure]) -> list[Structure]:
    """Structures in the given order, but each after those that it contains."""
    by_name = {each.record.name: each for each in structures}
    done: dict[str, Structure] = {}

    def visit(structure: Structure) -> None:
        for placed in structure.record.placed:
            for name in _contained(placed.field.type):
                if name in by_name and name not in done:
                    visit(by_name[name])
        done.setdefault(structure.record.name, structure)

    for each in structures:
        visit(each)
    return list(done.values())


def _contained(field_type: FieldType) -> Iterator[str]:
    if isinstance(field_type, Array):
        yield from _contained(field_type.element)
    elif isinstance(field_type, Record):
        yield field_type.name


def _declarations(description: Description) -> str:
    lines: list[str] = []
    for constant in description.constants:
        lines += [*_comment(constant.doc), _constant(constant)]
    for enumeration in description.enumerations:
        lines += ["", *_enumeration(enumeration)]
    if not lines:
        return ""
    return "\n".join([*_comment(f"{description.module}: {description.doc}"), *lines, ""])


def _constant(constant: Constant) -> str:
    if isinstance(constant.value, str):
        return f'inline constexpr char {constant.name}[] = "{_escaped(constant.value)}";'
    return f"inline constexpr {_integer(constant.value < 0)} {constant.name} = {_literal(constant.value)};"


def _enumeration(enumeration: Enumeration) -> Iterator[str]:
    yield from _comment(enumeration.doc)
    yield f"enum class {enumeration.name} : {_integer(enumeration.signed)} {{"
    for member in enumeration.members:
        yield from _comment(member.doc, indent=4)
        yield f"    {member.name} = {member.value},"
    yield "};"
    if enumeration.flags:
        yield f"constexpr bool has(uint64_t bits, {enumeration.name} flag)"
        yield "{"
        yield "    return (bits & static_cast<uint64_t>(flag)) != 0;"
        yield "}"


def _structure(structure: Structure) -> str:
    record = structure.record
    lines = [*_comment(structure.doc), f"struct {record.name} {{"]
    for placed in record.placed:
        lines += [*_comment(placed.field.doc, indent=4), f"    {_member(placed)};"]
    lines += ["};", f"static_assert(sizeof({record.name}) == {record.size});"]
    lines += [
        f"static_assert(offsetof({record.name}, {_spelled(placed.field.name)}) == {placed.offset});"
        for placed in record.placed
    ]
    return "\n".join([*lines, ""])


def _member(placed: Placed) -> str:
    return placed.field.type.declare(_spelled(placed.field.name))


def _spelled(name: str) -> str:
    return f"{name}_" if name in _RESERVED else name


def _assembly(description: Description) -> str:
    """Macros for assembly, which knows neither namespaces nor types; texts are left out."""
    lines = [
        f"#define ABI_{constant.name} {constant.value:#x}"
        for constant in description.constants
        if isinstance(constant.value, int)
    ]
    for enumeration in description.enumerations:
        prefix = f"ABI_{enumeration.name.upper()}"
        lines += [f"#define {prefix}_{member.name} {member.value}" for member in enumeration.members]
    for structure in description.structures:
        prefix = f"ABI_{structure.record.name.upper()}"
        lines += [f"#define {prefix}_{each.field.name} {each.offset}" for each in structure.record.placed]
        lines += [f"#define {prefix}_SIZE {structure.record.size}"]
    return "\n".join([*lines, ""]) if lines else ""


def _integer(signed: bool) -> str:
    return "int64_t" if signed else "uint64_t"


def _literal(value: int) -> str:
    return str(value) if abs(value) < 10 else f"{value:#x}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _comment(text: str, indent: int = 0) -> Iterable[str]:
    return [f"{' ' * indent}// {text}"] if text else []


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _first_line(text: str) -> str:
    """The summary line of a docstring."""
    return _one_line(text.split("\n\n", 1)[0])
