"""One CPU of the machine, as its user sees it."""

from enum import IntEnum

from emulator.cpu.engine import Engine
from emulator.cpu.registers import Registers
from emulator.machine.memory import Memory

_PAGE = 0x1000
_MSR_DATA_TRANSLATION = 1 << 4


class CpuState(IntEnum):
    """What a CPU is doing."""

    OFF = 0
    RUNNING = 1
    IDLE = 2


class Cpu:
    """A view of the engine's CPU; it holds nothing itself."""

    def __init__(self, engine: Engine, memory: Memory, number: int) -> None:
        self._engine = engine
        self._memory = memory
        self.id = number
        self.registers = Registers(engine, number)

    @property
    def instructions(self) -> int:
        """Executed since the machine started."""
        return int(self._engine.cpu_control(self.id).instructions)

    @property
    def time(self) -> int:
        """This CPU's virtual ns."""
        return int(self._engine.cpu_control(self.id).time)

    @property
    def state(self) -> CpuState:
        """Off until it is started, then running or idle."""
        return CpuState(self._engine.cpu_control(self.id).state)

    @property
    def held(self) -> bool:
        """Held by the schedule: it does not run and does not count for machine time."""
        return bool(self._engine.cpu_control(self.id).held)

    @property
    def pc(self) -> int:
        """Effective address of the next instruction."""
        return self.registers["pc"]

    @property
    def thread(self) -> int:
        """Id of the guest thread that runs here, as the guest publishes it in SPRG3."""
        return self.registers["sprg3"]

    def start(self, entry: int, argument: int) -> None:
        """Real mode at physical ``entry``, r3 = cpu, r4 = argument."""
        self._engine.start_cpu(self.id, entry, argument)

    def translate(self, effective: int) -> int | None:
        """Physical address under this CPU's present translation state, or None when nothing is mapped
        there."""
        real = not self.registers["msr"] & _MSR_DATA_TRANSLATION
        return self._engine.translate(self.id, effective, real)

    def read(self, effective: int, size: int) -> bytes | None:
        """Bytes at an effective address, or None when a part of them is not mapped to RAM."""
        result = b""
        while len(result) < size:
            address = effective + len(result)
            count = min(size - len(result), _PAGE - address % _PAGE)
            physical = self.translate(address)
            if physical is None or physical + count > self._memory.size:
                return None
            result += self._memory.read(physical, count)
        return result
