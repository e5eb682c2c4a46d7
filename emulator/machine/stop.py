"""Why a run ended."""

from enum import Enum


class StopReason(Enum):
    """The value is the word that users see."""

    READY = "ready"
    HALTED = "halted"
    DEADLINE = "deadline"
    IDLE = "idle"
    PANIC = "panic"
    STOPPED = "stopped"
    ENGINE_FAULT = "engine-fault"
