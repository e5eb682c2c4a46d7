"""The exceptions of the package. Each message names what is wrong, where, and where it helps what to do."""


class EvergreenError(Exception):
    """Base of every error that Evergreen raises on purpose. ``exit_code`` is the command line's."""

    exit_code = 2


class UsageError(EvergreenError):
    """A wrong argument, scenario or configuration: refused by the host, nothing was touched."""


class ModuleError(EvergreenError):
    """A module that cannot be used: damaged, of another kernel, unresolved, out of range."""


class BuildError(EvergreenError):
    """The compiler is missing or wrong, or sources do not build."""


class EngineError(EvergreenError):
    """The CPU engine does not behave as the machine needs."""


class GuestError(EvergreenError):
    """The guest answered a request with a failure, or an update failed in the guest."""

    exit_code = 1
