"""The interrupt controller as the host sees it. It works inside the engine; its state is the machine's."""

from dataclasses import dataclass

from emulator.abi.devices import LINES, Line
from emulator.abi.interrupts import INTERRUPT_SOURCES, MESSAGES
from emulator.cpu.engine import Engine


@dataclass(frozen=True)
class Source:
    """What one source is set to."""

    number: int
    name: str
    priority: int
    route: int | None
    """CPU that a line interrupts; None for a message, which every CPU has for itself."""
    high: bool
    in_service: bool


class Interrupts:
    """Reads the controller; changing it is the guest's business, raising lines the devices'."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sources(self) -> list[Source]:
        """All of them, lines first."""
        state = self._engine.interrupts()
        lines = [
            Source(
                line,
                _line_name(line),
                state.priority[line],
                state.route[line],
                bool(state.levels >> line & 1),
                bool(state.lines_in_service >> line & 1),
            )
            for line in range(LINES)
        ]
        messages = [
            Source(LINES + message, f"message {message}", state.priority[LINES + message], None, False, False)
            for message in range(MESSAGES)
        ]
        return lines + messages

    def enabled(self, cpu: int) -> list[int]:
        """Numbers of the sources that a CPU takes."""
        mask = self._engine.interrupts().enabled[cpu]
        return [source for source in range(INTERRUPT_SOURCES) if mask >> source & 1]

    def messages(self, cpu: int) -> list[int]:
        """Messages that wait for a CPU."""
        waiting = self._engine.interrupts().messages[cpu]
        return [message for message in range(MESSAGES) if waiting >> message & 1]

    def threshold(self, cpu: int) -> int:
        """Only sources of higher priority interrupt the CPU."""
        return int(self._engine.interrupts().threshold[cpu])


def _line_name(line: int) -> str:
    return Line(line).name.lower() if line in {member.value for member in Line} else f"line {line}"
