"""``evergreen update check``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.build import built_kernel
from emulator.cli.options import json_option
from emulator.cli.output import print_document, print_result
from emulator.cli.update_build import build_modules
from emulator.errors import ModuleError, UsageError

if TYPE_CHECKING:
    from emulator.modules.check import ModuleReport


@click.command("check")
@click.argument("module", type=click.Path(exists=True, path_type=Path))
@json_option
def command(module: Path, as_json: bool) -> None:
    """Check MODULE, a .ko file or an update's folder, against the installed kernel.

    Does all that applying would do before the guest is asked. A module that is refused is exit code 2.

    \b
    Examples:
      evergreen update check my_update/my_update.ko
      evergreen update check my_update --json
    """
    reports = _check(build_modules(module) if module.is_dir() else [module])
    if as_json:
        print_document({"modules": [asdict(each) for each in reports]})
        return
    for report in reports:
        for line in _lines(report):
            print_result(line)


def _check(paths: list[Path]) -> list[ModuleReport]:
    """Of a set, each module may require those before it."""
    from emulator.modules import MODULE_REGION, Bases, KernelSymbols, LoadedModule, link_module, relocate
    from emulator.modules.check import report
    from emulator.modules.versions import check_classes

    kernel = KernelSymbols.from_elf(built_kernel().path.read_bytes())
    earlier: list[LoadedModule] = []
    reports = []
    for path in paths:
        if not path.is_file():
            raise UsageError(f"{path}: not a file")
        try:
            linked = link_module(path.read_bytes(), kernel, earlier)
            check_classes(linked)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        except ModuleError as refusal:
            raise ModuleError(f"{path}: {refusal}") from None
        reports.append(report(linked))
        bases = Bases.contiguous(linked, MODULE_REGION.start)
        earlier.append(relocate(linked, bases, kernel.toc).exports())
    return reports


def _lines(report: ModuleReport) -> list[str]:
    sizes = ", ".join(f"{name} {size:,}" for name, size in report.sizes.items())
    return [
        f"module {report.name}, revision {report.revision}: fits kernel {report.kernel_build_id}",
        *(f"  updates    {update}" for update in report.updates),
        *(f"  adapts     {caller}" for caller in report.callers),
        *(f"  requires   {name}" for name in report.requires),
        *([f"  undo       never: {report.irreversible}"] if report.irreversible else []),
        f"  takes      {report.bytes_in_guest:,} bytes of the guest ({sizes})",
        f"  starts at  {report.entry}, {report.constructors} constructors",
        f"  imports    {len(report.imports)} symbols, exports {len(report.exports)}",
    ]
