"""The engine's library: found, built, and refused when it does not behave."""

import ctypes
from pathlib import Path

import pytest

from emulator.cpu import binding, native, self_check
from emulator.cpu.engine import Engine
from emulator.cpu.registers import Registers
from emulator.cpu.self_check import check_engine
from emulator.errors import BuildError, EngineError, UsageError


class Lying(Engine):
    """An engine with a wrong idea of where something is."""

    field = "so"

    def __init__(self, cpus: int, ram_bytes: int, client: object) -> None:
        super().__init__(cpus, ram_bytes, client)  # type: ignore[arg-type]
        self.layout = binding.Layout.from_buffer_copy(bytes(self.layout))
        setattr(self.layout, self.field, self.layout.gpr)


@pytest.mark.parametrize(
    ("field", "message"), [("so", "XER is not what was written"), ("msr", "hypervisor state")]
)
def test_an_engine_that_does_not_behave_is_refused(
    field: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lying, "field", field)
    monkeypatch.setattr(self_check, "Engine", Lying)
    check_engine.cache_clear()
    with pytest.raises(EngineError, match=message) as caught:
        check_engine()
    assert "\n" not in str(caught.value)
    check_engine.cache_clear()


def test_the_engine_here_behaves() -> None:
    check_engine()


def test_calibration_repeats() -> None:
    library = binding.engine_library()
    again = binding.Layout()
    error = ctypes.create_string_buffer(binding.ERROR_BYTES)
    assert library.functions.engine_calibrate(again, error) == 0
    assert bytes(again) == bytes(library.layout)


def test_a_library_without_the_functions_is_refused() -> None:
    library = binding.engine_library()
    error = ctypes.create_string_buffer(binding.ERROR_BYTES)
    assert library.functions.engine_bind(str(native.library_path()).encode(), error) != 0
    assert error.value == b"the Unicorn library has no uc_open"
    assert library.functions.engine_bind(str(native.unicorn_library()).encode(), error) == 0


def test_source_that_does_not_compile_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.c").write_text("int broken(void) { return missing; }\n")
    monkeypatch.setattr(native, "_SOURCES", tmp_path)
    with pytest.raises(BuildError, match=r"the engine does not build: .*broken\.c:1.*missing") as caught:
        native.build_engine(tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out" / native.LIBRARY_NAME).exists()


def test_a_register_that_does_not_exist() -> None:
    engine = Engine(1, 1 << 20, self_check._Nothing())
    registers = Registers(engine, 0)
    for name in ("r32", "f32", "spr1024", "rx", "", "R5", "r-1"):
        with pytest.raises(UsageError, match="no register is called"):
            registers[name]
    assert all(isinstance(registers[name], int) for name in Registers.names())
    engine.close()
    engine.close()


def test_a_library_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "_STRUCTURES", (*binding._STRUCTURES, binding.Watch))
    with pytest.raises(EngineError, match="the engine library is of another version of this package"):
        binding.EngineLibrary()
