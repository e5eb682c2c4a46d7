"""How a module is refused: one line that names the cause, where it helps a second that says what to do."""

from emulator.errors import ModuleError


def refusal(cause: str, hint: str = "") -> ModuleError:
    """The error to raise. Control characters of names taken from the file are shown escaped."""
    line = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in cause)
    return ModuleError(f"{line}\n{hint}" if hint else line)
