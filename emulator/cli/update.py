"""``evergreen update``: updates as folders and modules; what acts on a running machine takes a checkpoint."""

from __future__ import annotations

from emulator.cli.main import LazyGroup

command = LazyGroup(
    "update",
    {
        "new": "emulator.cli.update_new",
        "build": "emulator.cli.update_build",
        "check": "emulator.cli.update_check",
        "apply": "emulator.cli.update_apply",
        "cancel": "emulator.cli.update_cancel",
        "revert": "emulator.cli.update_revert",
        "status": "emulator.cli.update_status",
    },
    help="Make, build, check and apply updates.",
)
