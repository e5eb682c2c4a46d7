"""The page on modules lists every relocation type that is carried out."""

from pathlib import Path

from emulator.modules.relocation_types import REFUSED, TYPES

PAGE = Path(__file__).parents[2] / "docs" / "modules.md"


def test_the_table_of_relocation_types_is_complete() -> None:
    table = PAGE.read_text().split("## Relocation types")[1].split("The others that the ABI names")[0]
    rows = [line.split("|")[1] for line in table.split("\n") if line.startswith("| `")]
    listed = [name.strip("`") for row in rows for name in row.split()]
    assert sorted(listed) == sorted(row.name.removeprefix("R_PPC64_") for row in TYPES.values())
    assert not set(TYPES) & set(REFUSED)
