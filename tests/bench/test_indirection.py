"""The experiment on calls through references: its figures mean what they say."""

from functools import cache

from emulator.bench.experiment import Setting
from emulator.bench.findings import Findings
from emulator.bench.indirection import EXPERIMENT


@cache
def found() -> Findings:
    return EXPERIMENT.run(Setting(quick=True))


def value(name: str) -> float:
    figure = found().figure(name).value
    assert figure is not None
    return figure


def test_each_way_to_call_costs_more_than_the_one_before() -> None:
    assert 0 < value("direct_call") < value("virtual_call") < value("object_call")
    assert value("object_above_virtual") == value("object_call") - value("virtual_call")


def test_object_calls_are_some_of_the_calls_through_pointers() -> None:
    assert 0 < value("object_calls") < value("calls_through_pointers")


def test_the_parts_add_up() -> None:
    (table,) = found().tables
    assert sum(int(row[2] or 0) for row in table.rows) == value("object_calls")
    single = sum(int(row[2] or 0) for row in table.rows if row[1] == 1)
    assert value("single_implementation") == 100 * single / value("object_calls")
    assert 0 < value("indirection_share") < value("call_share") < 100
    assert value("devirtualised_saving") < value("call_share")


def test_the_system_calls_the_interfaces_that_its_jobs_use() -> None:
    (table,) = found().tables
    assert {"FileCache", "FileSystem", "PageManager", "Process", "Region"} <= {row[0] for row in table.rows}


def test_the_same_seed_gives_the_same_figures() -> None:
    parts: list[str] = []
    again = EXPERIMENT.run(Setting(quick=True, on_part=parts.append))
    assert again == found()
    assert len(parts) == EXPERIMENT.parts(Setting(quick=True))
