"""Scenario files: what is read, what is refused and with which line, what is written."""

from pathlib import Path

import pytest

from emulator.errors import UsageError
from emulator.scenario import steps
from emulator.scenario.runner import system_config
from emulator.scenario.scenario import load_scenario, parse_scenario, write_scenario
from emulator.scenario.step_table import STEPS

BOOT = '[[step]]\ndo = "boot"\n'

WHOLE = f"""
[machine]
cpus = 4
memory = "128M"
seed = 18446744073709551615
quantum = 5_000
policy = "random"
keep-race = true

[workload]
seed = 7

[report]
control = true

{BOOT}
[[step]]
do = "start"
workload = "counting"
clients = 3

[[step]]
do = "apply"
update = "x"
at = "1.5ms"
counts = [1, 2]
fails = "VERSION"

[[step]]
do = "power-off"
"""


def test_everything_that_can_be_said() -> None:
    scenario = parse_scenario(WHOLE)
    assert scenario.machine.cpus == 4
    assert scenario.machine.memory == 128 << 20
    assert scenario.machine.seed == 2**64 - 1
    assert scenario.machine.keep_race
    assert system_config(scenario).seed_of_workload == 7
    assert scenario.report.control
    apply = scenario.steps[2]
    assert isinstance(apply, steps.Apply)
    assert (apply.at, apply.counts, apply.fails) == (1_500_000, (1, 2), "VERSION")


def test_what_is_not_said_has_its_default() -> None:
    scenario = parse_scenario(BOOT)
    assert scenario.machine.cpus == 2
    assert system_config(scenario).seed_of_workload == scenario.machine.seed == 0
    assert scenario.steps == [steps.Boot(line=1)]


def test_flags_override_the_file() -> None:
    scenario = parse_scenario(WHOLE).with_flags(cpus=2, seed=None, policy="round-robin")
    assert (scenario.machine.cpus, scenario.machine.seed) == (2, 2**64 - 1)
    assert scenario.machine.policy == "round-robin"


def test_written_it_reads_the_same() -> None:
    scenario = parse_scenario(WHOLE)
    again = parse_scenario(write_scenario(scenario))
    assert again.machine == scenario.machine
    assert again.workload == scenario.workload
    assert [str(step).split("at=")[1] for step in again.steps] == [
        str(step).split("at=")[1] for step in scenario.steps
    ]


def after_boot(step: str) -> str:
    return f"{BOOT}[[step]]\n{step}\n"


REFUSED = {
    "": "s.toml:1: there is no step",
    "machine = 3": "s.toml:1: machine must be a table",
    "step = 3": "s.toml:1: step must be tables",
    f"{BOOT}[extra]": 's.toml:3: unknown key "extra" in a scenario; known: machine, disk, workload',
    f"{BOOT}[machine]\n\ncpu = 2": 's.toml:5: unknown key "cpu" in [machine]; known: cpus, memory',
    f"{BOOT}[machine]\ncpus = 9": "s.toml:4: cpus = 9: a number from 1 to 8 expected",
    f"{BOOT}[machine]\ncpus = true": "s.toml:4: cpus = true: a number from 1 to 8 expected",
    f'{BOOT}[machine]\ncpus = "2"': 's.toml:4: cpus = "2": a number from 1 to 8 expected',
    f"{BOOT}[machine]\nmemory = 8": "s.toml:4: memory: 16M to 1G, in whole MiB",
    f'{BOOT}[machine]\nmemory = "64X"': 's.toml:4: memory = "64X": a size such as',
    f"{BOOT}[machine]\nseed = -1": "s.toml:4: seed = -1: a number from 0 to 18446744073709551615 expected",
    f"{BOOT}[machine]\nquantum = 10": "s.toml:4: quantum = 10: a number from 1000",
    f"{BOOT}[disk]\nblocks = -1": "s.toml:4: blocks = -1: a number from 0",
    f"{BOOT}[machine]\nkeep-race = 1": "s.toml:4: keep-race = 1: true or false expected",
    "[[step]]\n": 's.toml:1: key "do" is missing; one of boot, start',
    '[[step]]\ndo = "jump"': 's.toml:2: do = "jump": known are boot, start',
    '[[step]]\ndo = "drain"': 's.toml:2: the first step is do = "boot", or "restore"',
    BOOT + BOOT: 's.toml:4: do = "boot" is the first step, and only the first',
    BOOT + '[[step]]\ndo = "power-off"\n[[step]]\ndo = "drain"': (
        's.toml:6: only "check-disk" follows do = "power-off"'
    ),
    after_boot('do = "start"'): 's.toml:3: key "workload" is missing of a "start" step: a text in quotes',
    after_boot('do = "start"\nworkload = ""'): 's.toml:5: workload = "": a text in quotes expected',
    after_boot('do = "start"\nworkload = "x"\nclients = 65'): "s.toml:6: clients = 65: a number from 0 to 64",
    after_boot(
        'do = "wait"\ntime = 5'
    ): 's.toml:5: time = 5: a time such as "250us", "20ms" or "1.5s" expected',
    after_boot('do = "wait"\ntime = "5 min"'): 's.toml:5: time = "5 min": a time such as',
    after_boot('do = "wait"'): "s.toml:3: wait takes time, workload or at",
    after_boot('do = "wait"\ntime = "1s"\nworkload = "x"'): "s.toml:3: wait takes either time or workload",
    after_boot('do = "wait"\ntime = "1s"\noperations = 3'): "s.toml:3: operations go with a workload",
    after_boot('do = "expect"\nfigure = "memory.heap"'): "s.toml:3: expect takes is, at-least or at-most",
    after_boot(
        'do = "expect"\nfigure = "workload.errors"\nis = 1.5'
    ): "s.toml:6: is = 1.5: a number or a text expected",
    f'{BOOT}[machine]\npolicy = "best"': 's.toml:4: policy = "best": "round-robin", "random" or ',
    after_boot(
        'do = "schedule"\npolicy = "script:"'
    ): 's.toml:5: policy = "script:": "round-robin", "random"',
    after_boot(
        'do = "expect"\nfigure = "stars"'
    ): 's.toml:5: figure = "stars": a dotted name that begins with',
    after_boot('do = "expect-console"'): "s.toml:3: expect-console takes either text or pattern",
    after_boot('do = "expect-console"\npattern = "("'): 's.toml:5: pattern = "(": a regular expression',
    after_boot('do = "swap"\nobject = "x"'): 's.toml:3: key "class" is missing of a "swap" step',
    after_boot('do = "hold"\nthread = 0'): "s.toml:5: thread = 0: a number from 1",
    after_boot('do = "look"\nwhat = "stars"'): 's.toml:5: what = "stars": "cpus" or "threads"',
    after_boot(
        'do = "look"\nwhat = "object"'
    ): 's.toml:3: "of" goes with object, counts, instances, workload, backtrace',
    after_boot('do = "drain"\ncounts = [1, -1]'): "s.toml:5: counts = [1, -1]: a list of numbers expected",
    "a = ": "s.toml:1: Invalid value",
    "a = 1\na = 2": "s.toml:2: Cannot overwrite a value",
    "a = " + "[" * 5000: "s.toml:1: ",
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused_in_one_line_with_file_and_line(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_scenario(text, "s.toml")
    message = str(refusal.value)
    assert message.startswith(REFUSED[text])
    assert "\n" not in message


@pytest.mark.parametrize("name", ["scenario.txt", "myscenario.toml", "scenario.toml.bak", "x.toml"])
def test_a_file_of_another_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(BOOT)
    with pytest.raises(UsageError, match=r"named scenario\.toml or NAME\.scenario\.toml"):
        load_scenario(tmp_path / name)


def test_a_file_is_read_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "race.scenario.toml"
    path.write_text(BOOT)
    assert load_scenario(path).folder == tmp_path


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    with pytest.raises(UsageError, match=r"scenario\.toml: No such file"):
        load_scenario(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8 text: byte 0"):
        load_scenario(path)


@pytest.mark.parametrize("kind", STEPS.values(), ids=lambda kind: str(kind.do))
def test_each_step_is_in_the_documentation_with_its_keys(kind: type[steps.Step]) -> None:
    from emulator.scenario.tables import keys_of
    from toolchain.paths import installation

    text = (installation().root / "docs" / "scenarios.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith(f"| `{kind.do}` "))
    for name in set(keys_of(kind)) - set(keys_of(steps.Step)):
        assert f"`{name}`" in row
