"""What a call through a reference costs, from the compiled code (K42: 6 instructions against 5)."""

import capstone
import pytest

from tests.objects.snippet import compile_snippet, disassemble

SOURCE = """
#include "services/counter/counter.h"
using services::Counter;
extern "C" kernel::Status virtual_call(Counter* counter) { return counter->increment(); }
extern "C" kernel::Status object_call(objects::Ref<Counter> counter) { return counter->increment(); }
extern "C" int64_t virtual_calls(Counter* counter)
{
    counter->increment().ignore();
    return counter->value().value();
}
extern "C" int64_t object_calls(objects::Ref<Counter> counter)
{
    counter->increment().ignore();
    return counter->value().value();
}
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[capstone.CsInsn]]:
    compiled = compile_snippet(tmp_path_factory.mktemp("calls"), SOURCE)
    names = ("virtual_call", "object_call", "virtual_calls", "object_calls")
    return {name: disassemble(compiled, name) for name in names}


def loads(instructions: list[capstone.CsInsn]) -> list[str]:
    return [f"{i.mnemonic} {i.op_str}" for i in instructions if i.mnemonic == "ld"]


def test_an_object_call_is_one_instruction_longer_than_a_virtual_call(
    code: dict[str, list[capstone.CsInsn]],
) -> None:
    assert len(code["object_call"]) == len(code["virtual_call"]) + 1


def test_the_instruction_is_the_load_of_the_table_entry(code: dict[str, list[capstone.CsInsn]]) -> None:
    extra = list(loads(code["object_call"]))
    for load in loads(code["virtual_call"]):
        extra.remove(load)
    assert extra == ["ld r3, 0(r3)"]


def test_the_entry_is_loaded_anew_for_every_call(code: dict[str, list[capstone.CsInsn]]) -> None:
    assert len(code["object_calls"]) - len(code["virtual_calls"]) == 2 - _moves_saved(code)


def _moves_saved(code: dict[str, list[capstone.CsInsn]]) -> int:
    """Copies of the pointer that the second call needs only where it is the object's own address."""

    def moves(name: str) -> int:
        return sum(i.mnemonic == "mr" for i in code[name])

    return moves("virtual_calls") - moves("object_calls")


def test_the_slot_of_the_table_decides_the_callee(code: dict[str, list[capstone.CsInsn]]) -> None:
    """Two dependent loads of a virtual call, preceded by one: entry, virtual table, method."""
    chain = [i.op_str.split(", ") for i in code["object_call"] if i.mnemonic == "ld"][:3]
    assert chain[0][1] == "0(r3)"
    assert chain[1][1] == f"0({chain[0][0]})"
    assert chain[2][1].endswith(f"({chain[1][0]})")


def test_no_call_goes_through_a_constant(code: dict[str, list[capstone.CsInsn]]) -> None:
    assert [i.mnemonic for i in code["object_call"]].count("bctrl") == 1
