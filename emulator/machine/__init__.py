"""RAM, bus, CPUs taking turns, virtual time, schedule policies, and the run loop."""

from emulator.machine.config import MachineConfig
from emulator.machine.cpu import Cpu, CpuState
from emulator.machine.device import BusFault, Device, Event, Platform
from emulator.machine.hardware import Hardware, Stop, Until
from emulator.machine.policy import Directive, DirectiveKind, Policy, Random, RoundRobin
from emulator.machine.script import Scripted, parse_script
from emulator.machine.state import MachineState
from emulator.machine.stop import StopReason

__all__ = [
    "BusFault",
    "Cpu",
    "CpuState",
    "Device",
    "Directive",
    "DirectiveKind",
    "Event",
    "Hardware",
    "MachineConfig",
    "MachineState",
    "Platform",
    "Policy",
    "Random",
    "RoundRobin",
    "Scripted",
    "Stop",
    "StopReason",
    "Until",
    "parse_script",
]
