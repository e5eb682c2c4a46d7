"""Names and lines of the kernel's addresses."""

import pytest

from emulator.errors import UsageError
from tests.monitor.kernel import symbols

_PANIC = "kernel::panic(char const*, ...)"


def test_an_address_in_a_function_has_name_offset_and_line() -> None:
    start = symbols().address(_PANIC)
    found = symbols().locate(start + 0x10)
    assert (found.symbol, found.offset, found.module) == (_PANIC, 0x10, "")
    assert found.source is not None
    assert found.source.file == "guest_kernel/kernel/panic.cpp"
    assert str(found).startswith(f"{_PANIC}+0x10 (guest_kernel/kernel/panic.cpp:")


def test_an_address_outside_everything_is_a_number() -> None:
    found = symbols().locate(0x1234)
    assert (found.symbol, found.source) == ("", None)
    assert str(found) == "0x0000000000001234"


def test_the_members_of_a_class() -> None:
    members = symbols().members("Context", of="arch::switch_to")
    assert list(members) == ["stack_pointer", "thread", "thread_id", "stack_low", "stack_high", "pid"]
    assert list(members.values()) == [8 * index for index in range(6)]
    with pytest.raises(UsageError, match="does not tell the members of Nothing"):
        symbols().members("Nothing", of="arch::switch_to")


def test_a_return_address_behind_a_function_belongs_to_the_call_before_it() -> None:
    """A call that does not return can be the last instruction of its function."""
    found = symbols().find(symbols().address(_PANIC))
    assert found is not None
    end = found.start + found.size
    assert symbols().locate(end, is_return=True).symbol == _PANIC
    assert symbols().locate(end).symbol != _PANIC


def test_the_first_instruction_of_every_function_has_a_line() -> None:
    """Those that set up r2 lie before the first line of the debug data."""
    functions = [
        item
        for item in symbols().kernel.index.ranges
        if item.is_function and item.size and not item.name.startswith(("_GLOBAL__", "__cxx_global_var_init"))
    ]
    without = [item.name for item in functions if symbols().locate(item.start).source is None]
    assert len(functions) > 500
    assert without == []


@pytest.mark.parametrize(
    "text", ["kernel::panic", _PANIC, "_ZN6kernel5panicEPKcz", "kernel::panic+0x0", " kernel::panic "]
)
def test_a_symbol_can_be_written_in_several_ways(text: str) -> None:
    assert symbols().address(text) == symbols().kernel.symbols["_ZN6kernel5panicEPKcz"].address


def test_a_function_is_entered_where_its_callers_in_the_kernel_come() -> None:
    panic = symbols().kernel.symbols["_ZN6kernel5panicEPKcz"]
    found = symbols().resolve("kernel::panic")
    assert found is not None
    assert (found.start, found.entry) == (panic.address, panic.address + panic.local_entry)
    assert panic.local_entry == 8


def test_addresses_can_be_numbers_and_have_offsets() -> None:
    panic = symbols().address("kernel::panic")
    assert symbols().address(f"{panic:#x}") == panic
    assert symbols().address("kernel::panic+0x20") == panic + 0x20
    assert symbols().address("kernel::panic+32") == panic + 32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kernel::no_such", "symbol kernel::no_such is neither in the kernel nor in a loaded module"),
        ("kernel::panic+x", "address 'kernel::panic+x' is neither a number nor symbol+offset"),
        ("0xzz", "address '0xzz' is neither a number nor symbol+offset"),
    ],
)
def test_what_is_no_address_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        symbols().address(text)
    assert str(caught.value) == message


def test_an_ambiguous_name_needs_its_parameters() -> None:
    with pytest.raises(UsageError, match="symbol kernel::name_of stands for"):
        symbols().address("kernel::name_of")
    assert symbols().address("kernel::name_of(kernel::Tag)")


def test_names_for_completion_are_demangled() -> None:
    assert "kernel::name_of(kernel::Tag)" in symbols().names()
