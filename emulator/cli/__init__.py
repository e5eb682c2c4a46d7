"""The command line ``evergreen``: flags become library calls, results become text or one JSON document.

Exit codes: 0 all as expected, 1 the guest, an update or an expectation failed, 2 refused by the host.
"""

from emulator.cli.main import main

__all__ = ["main"]
