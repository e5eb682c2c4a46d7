"""The guest's drivers against the devices."""

from collections.abc import Iterator

import pytest

from emulator.abi.boot import BootFlag
from emulator.abi.mailbox import EventKind, Operation
from emulator.abi.memory_map import MODULE_BASE, PAGE_SIZE
from emulator.abi.status import Code
from emulator.abi.values import Value
from emulator.devices.loader import ModuleImage
from emulator.machine import Random
from tests.devices.booted import Booted, Texts, instructions, kernel_image
from tests.guest.arch_machine import KernelMachine, run_guest_tests

LI_R3_0, BLR, BRANCH_TO_SELF = 0x38600000, 0x4E800020, 0x48000000
STORE_TO_8 = (0x38000000, 0x90000008)  # li r0, 0; stw r0, 8(0)
INTERRUPTS_OFF = (0x38000002, 0x7C010164)  # li r0, MSR[RI]; mtmsrd r0, 1

SOURCE = Texts(
    good=instructions(LI_R3_0, BLR),
    fails=instructions(0x3860FFF7, BLR),  # li r3, -9
    faults=instructions(*STORE_TO_8, BLR),
    endless=instructions(BRANCH_TO_SELF),
    deaf=instructions(*INTERRUPTS_OFF, BRANCH_TO_SELF),
    wild=instructions(0),
    self_write=instructions(0x918C0000, BLR),  # stw r12, 0(r12): r12 = the function called
    unrelocatable=b"",
)


@pytest.fixture
def guest() -> Iterator[Booted]:
    with Booted(SOURCE) as booted:
        yield booted


GUEST_TESTS = {
    "disk.": ["completes_a_ticket", "more_requests_than_tags", "refused", "transfer"],
    "guarded.": [
        "endless_loop",
        "endless_loop_interrupts_off",
        "endless_loop_with_frames",
        "fault",
        "fault_after_wait",
        "fault_undoes_what_was_held",
        "generation_is_left",
        "illegal_instruction",
        "late_kernel_code",
        "module_code",
        "never_comes_back",
        "returns",
        "stack_overflow",
    ],
    "modules.": ["holes_are_used_again", "layout", "out_of_memory", "out_of_pages", "too_large", "users"],
    "values.": ["full_buffer", "round_trip", "truncated", "wrong_type_is_not_taken"],
}


@pytest.mark.parametrize("prefix", GUEST_TESTS)
@pytest.mark.parametrize("cpus", [1, 2])
def test_inside_the_guest(prefix: str, cpus: int) -> None:
    names = GUEST_TESTS[prefix]
    expected = [f"test {prefix}{name} ok" for name in names] + [f"tests: {len(names)} run, 0 failed"]
    assert run_guest_tests(kernel_image(), prefix, cpus) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("guarded_fault_with_spin_lock", "store through a null pointer"),
        ("guarded_fault_with_mutex", "store through a null pointer"),
        ("guarded_fault_without_preemption", "store through a null pointer"),
        ("guarded_assertion", "assertion failed: arch::cpu_count() == 0"),
    ],
)
def test_guarded_code_that_leaves_the_kernel_torn_is_a_panic(name: str, message: str) -> None:
    flags, arguments = int(BootFlag.RUN_TESTS), f"tests=panic.{name}"
    with KernelMachine(kernel_image(), flags=flags, arguments=arguments) as machine:
        assert message in machine.run_to_panic()["message"]


def test_ping_comes_back_with_what_it_brought(guest: Booted) -> None:
    values: list[Value] = [7, "text", b"bytes", [[], ["nested", 2**64 - 1]]]
    reply = guest.ask(Operation.PING, *values)
    assert (reply.code, reply.values) == (Code.OK, values)


def test_an_operation_without_a_handler_is_unsupported(guest: Booted) -> None:
    # A number of a later version of the host's, say.
    unknown = int.__new__(Operation, 9999)
    unknown._name_, unknown._value_ = "LATER", 9999
    assert guest.ask(unknown, 1).code == Code.UNSUPPORTED


def test_wrong_arguments_are_invalid(guest: Booted) -> None:
    assert guest.ask(Operation.UNLOAD).code == Code.INVALID
    assert guest.ask(Operation.UNLOAD, "one").code == Code.INVALID
    assert guest.ask(Operation.UNLOAD, 12345).code == Code.NOT_FOUND


def test_many_requests_at_once_are_all_answered(guest: Booted) -> None:
    requests = [guest.mailbox.post(Operation.PING, number) for number in range(20)]
    guest.run(deadline_ns=guest.hardware.time + 5_000_000)
    assert guest.mailbox.pending() == []
    replies = [guest.mailbox.reply(request) for request in requests]
    assert [reply.values for reply in replies if reply] == [[number] for number in range(20)]


def test_a_module_is_loaded_listed_and_unloaded(guest: Booted) -> None:
    outcome = guest.load(SOURCE.image("good"))
    assert (outcome.code, outcome.base, outcome.text) == (Code.OK, MODULE_BASE, "")
    assert guest.modules() == [[outcome.module, "good", "active", MODULE_BASE, 4, 0]]
    assert guest.hardware.cpus[0].read(MODULE_BASE + PAGE_SIZE, 9) == Texts.RODATA
    assert guest.ask(Operation.UNLOAD, outcome.module).code == Code.OK
    assert guest.modules() == []
    states = [
        event.values[2] for event in guest.mailbox.events_since(0) if event.kind is EventKind.MODULE_STATE
    ]
    assert states == ["staged", "applying", "active", "unloading", "unloaded"]


@pytest.mark.parametrize(
    ("name", "code", "vector", "offset", "text"),
    [
        ("fails", Code.GONE, 0, 0, "gone"),
        ("faults", Code.FAULT, 0x300, 4, "store through a null pointer"),
        ("endless", Code.TIMED_OUT, 0x100, 0, "did not end within 1000000 ns"),
        ("deaf", Code.TIMED_OUT, 0x100, 8, "did not end within 1000000 ns"),
        ("wild", Code.FAULT, 0xE40, 0, "illegal instruction"),
        ("self_write", Code.FAULT, 0x300, 0, "store to a read-only page"),
    ],
)
def test_a_failed_initialisation_is_undone(
    guest: Booted, name: str, code: Code, vector: int, offset: int, text: str
) -> None:
    outcome = guest.load(SOURCE.image(name))
    assert (outcome.code, outcome.vector, outcome.text) == (code, vector, text)
    assert outcome.address == (outcome.base + offset if vector else 0)
    assert guest.modules() == []
    assert guest.load(SOURCE.image("good")).base == outcome.base
    assert guest.ask(Operation.PING).code == Code.OK


def test_a_module_that_cannot_be_relocated_is_undone(guest: Booted) -> None:
    image = ModuleImage("unrelocatable", "unrelocatable", 4, 0, 0)
    outcome = guest.load(image)
    assert outcome.code == Code.REFUSED
    assert outcome.text == f"module unrelocatable cannot be relocated to {MODULE_BASE:#x}"
    assert guest.modules() == []


@pytest.mark.parametrize("size", [0x200_0000, 1 << 40, 2**63])
def test_a_module_that_is_too_large_gets_no_memory(guest: Booted, size: int) -> None:
    outcome = guest.load(ModuleImage("good", "huge", size, 0, 0))
    assert (outcome.code, outcome.text) == (Code.NO_MEMORY, "no room in the guest's memory")
    assert guest.load(SOURCE.image("good")).code == Code.OK


class Appenders:
    """A module whose functions each append a letter to its data, for the order in which they run."""

    LETTERS = "ABEXC"
    FAULTY = len(LETTERS)
    DATA = 2 * PAGE_SIZE

    def _function(self, number: int) -> bytes:
        if number == self.FAULTY:
            return instructions(*STORE_TO_8)
        return instructions(
            0x392C0000 | self.DATA - self._offset(number),  # addi r9, r12, DATA: r12 = this function
            0x81490000,  # lwz r10, 0(r9)
            0x396A0001,  # addi r11, r10, 1
            0x91690000,  # stw r11, 0(r9)
            0x7D4A4A14,  # add r10, r10, r9
            0x38000000 | ord(self.LETTERS[number]),  # li r0, letter
            0x980A0004,  # stb r0, 4(r10)
            LI_R3_0,
            BLR,
        )

    def _offset(self, number: int) -> int:
        return number * 9 * 4

    def relocate(self, key: str, bases: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
        del key
        text = b"".join(self._function(number) for number in range(self.FAULTY + 1))
        arrays = [bases[0] + self._offset(number) for number in (0, 1, self.FAULTY, 4)]
        return text, b"".join(address.to_bytes(8, "big") for address in arrays), b""

    def image(self) -> ModuleImage:
        return ModuleImage(
            key="order",
            name="order",
            text_size=self._offset(self.FAULTY) + 8,
            rodata_size=32,
            data_size=16,
            entry=self._offset(2),
            exit=self._offset(3),
            init_array=PAGE_SIZE,
            init_array_count=2,
            fini_array=PAGE_SIZE + 16,
            fini_array_count=2,
        )


def test_constructors_entry_exit_and_destructors_run_in_order() -> None:
    source = Appenders()
    with Booted(source) as guest:
        outcome = guest.load(source.image())
        assert outcome.code == Code.OK
        data = outcome.base + Appenders.DATA
        assert guest.hardware.cpus[0].read(data, 8) == b"\0\0\0\x03ABE\0"
        # The last destructor to run faults: the module stays, and what ran before shows.
        assert guest.ask(Operation.UNLOAD, outcome.module).code == Code.FAULT
        assert guest.hardware.cpus[0].read(data, 10) == b"\0\0\0\x05ABEXC\0"
        assert guest.modules() == [[outcome.module, "order", "failed", outcome.base, 3, 0]]


@pytest.mark.parametrize("steps", [0, 3, 20, 60])
def test_a_machine_saved_in_the_middle_of_a_load_goes_on_in_another(steps: int) -> None:
    """And ends as the one that was not interrupted: same state, same outcome, same reply."""
    with Booted(SOURCE) as first, KernelMachine(kernel_image(), modules=SOURCE) as second:
        load = first.loader.load(SOURCE.image("endless", time_limit=100_000))
        request = first.mailbox.post(Operation.PING, "hello")
        first.run(deadline_ns=first.hardware.time + steps * 1_000)
        second.hardware.restore(first.hardware.save())
        deadline = first.hardware.time + 1_000_000
        for machine in (first, second):
            machine.run(deadline_ns=deadline)
        assert second.hardware.state_hash() == first.hardware.state_hash()
        outcome, reply = first.loader.outcome(load), first.mailbox.reply(request)
        assert outcome is not None and reply is not None
        assert (second.loader.outcome(load), second.mailbox.reply(request)) == (outcome, reply)
        assert second.mailbox.events_since(0) == first.mailbox.events_since(0)
        assert second.console.text == first.console.text


@pytest.mark.parametrize("seed", range(4))
def test_good_and_bad_loads_under_a_random_schedule(guest: Booted, seed: int) -> None:
    guest.hardware.use_policy(Random(), seed)
    expected = {"faults": Code.FAULT, "deaf": Code.TIMED_OUT, "endless": Code.TIMED_OUT, "fails": Code.GONE}
    loads = {name: guest.loader.load(SOURCE.image(name, time_limit=100_000)) for name in [*expected, "good"]}
    guest.run(deadline_ns=guest.hardware.time + 10_000_000)
    outcomes = {name: guest.loader.outcome(load) for name, load in loads.items()}
    codes = {name: outcome.code for name, outcome in outcomes.items() if outcome}
    assert codes == {**expected, "good": Code.OK}
    assert len(guest.modules()) == 1
