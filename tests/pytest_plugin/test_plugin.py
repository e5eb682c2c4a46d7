"""The pytest plugin, as a suite of a user's meets it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points

import pytest

from emulator import Machine
from tests.system.machines import ready_machine
from toolchain.paths import cache_directory, installation

pytest_plugins = ["pytester"]
PLUGIN = "emulator.pytest_plugin.plugin"
BUILT = str(cache_directory().parent)
"""Where built kernels lie: pytester hides the user's folder."""
SCENARIO = '[[step]]\ndo = "boot"\n[[step]]\ndo = "expect"\nfigure = "objects.counter.class"\nis = "{}"\n'
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest in a folder of its own, with the plugin, installed or not."""
    monkeypatch.setenv("XDG_CACHE_HOME", BUILT)
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))

    def run(*words: str) -> pytest.RunResult:
        options = () if installed else ("-p", PLUGIN)
        return pytester.runpytest_inprocess("-p", "no:xdist", "-p", "no:cacheprovider", *options, *words)

    return run


def test_it_is_declared_so_that_pytest_finds_it() -> None:
    project = tomllib.loads((installation().root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"evergreen": PLUGIN}
    assert import_module(PLUGIN).machine


def test_the_machine_is_ready_and_built_as_the_marker_says(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.machine(seed=7)

        def test_default(machine):
            assert machine.stages[-1].stage.name == "READY"
            assert (len(machine.cpus), machine.config.seed) == (2, 7)

        @pytest.mark.machine(cpus=3, memory="32M", policy="random", quantum=5000)
        def test_other(machine):
            assert (len(machine.cpus), machine.config.memory) == (3, 32 << 20)
            assert machine.hardware.policy.name == "random"
            assert (machine.config.quantum, machine.config.seed) == (5000, 7)
    """)
    run().assert_outcomes(passed=2)


def test_the_command_line_overrides_seed_and_policy(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.machine(seed=7)
        def test_it(machine):
            assert machine.config.seed == 3
            assert machine.hardware.policy.name == "random"
    """)
    run("--machine-seed=3", "--machine-policy=random").assert_outcomes(passed=1)


def saved_under_load(pytester: pytest.Pytester) -> Machine:
    with ready_machine(cpus=3) as machine:
        machine.monitor.workload_start("counting")
        machine.run_for(1_000_000)
        machine.save().write(pytester.path / "warm.checkpoint")
        return machine


def test_a_machine_can_begin_with_a_checkpoint(pytester: pytest.Pytester, run: Run) -> None:
    saved_under_load(pytester)
    pytester.makepyfile("""
        import pytest

        pytestmark = pytest.mark.machine(checkpoint="warm.checkpoint")

        def test_warm(machine):
            assert len(machine.cpus) == 3
            assert machine.monitor.workload_status("counting").operations > 0

        @pytest.mark.machine(policy="random", seed=5)
        def test_other_schedule(machine):
            assert machine.hardware.policy.name == "random"
            machine.run_for(100_000)
            assert machine.monitor.workload_status("counting").errors == 0
    """)
    run().assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("colour=3", "colour is not one of checkpoint, cpus, memory, policy, quantum, seed"),
        ("cpus=9", "9 CPUs"),
        ("'warm'", "takes keywords only"),
        ("memory='much'", "memory='much' is not a size"),
        ("checkpoint='none'", "none: No such file or directory"),
        ("checkpoint='none', cpus=2", "cpus is that of the checkpoint"),
    ],
)
def test_a_marker_that_cannot_be_is_a_line(
    pytester: pytest.Pytester, run: Run, marker: str, message: str
) -> None:
    pytester.makepyfile(f"""
        import pytest

        @pytest.mark.machine({marker})
        def test_it(machine):
            raise AssertionError("never reached")
    """)
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{message.replace('[', '[[]')}*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_failed_test_shows_the_machine_and_what_repeats_it(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.machine(seed=11, policy="random")
        def test_wrong(machine):
            assert machine.virtual_ns == 0
    """)
    result = run()
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "seed 11, policy random; ready at" in text
    (command,) = [line for line in result.outlines if line.startswith("repeat it with: ")]
    assert command.split("pytest ")[1].split()[-2:] == ["--machine-seed=11", "--machine-policy=random"]
    assert "machine's console" in text
    again = run(*command.split("pytest ")[1].split())
    again.assert_outcomes(failed=1)
    states = [line for line in [*result.outlines, *again.outlines] if "; state " in line]
    assert len(states) == 2
    assert len(set(states)) == 1


def test_a_test_that_passes_says_nothing(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile("def test_it(machine):\n    pass\n")
    run("-rA").stdout.no_fnmatch_line("*repeat it with*")


def test_scenarios_are_tests(pytester: pytest.Pytester, run: Run) -> None:
    (pytester.path / "good.scenario.toml").write_text(SCENARIO.format("PartitionedCounter"), encoding="utf-8")
    (pytester.path / "bad.scenario.toml").write_text(SCENARIO.format("Other"), encoding="utf-8")
    (pytester.path / "other.toml").write_text("nothing = 1", encoding="utf-8")
    result = run("--machine-seed=4")
    result.assert_outcomes(passed=1, failed=1)
    text = result.stdout.str()
    assert "bad.scenario.toml: line 3, expect: " in text
    assert "seed 4, policy round-robin; " in text
    assert "bad.scenario.toml --seed 4" in text
    assert "Traceback" not in text


def test_a_scenario_with_a_mistake_is_an_error_with_its_line(pytester: pytest.Pytester, run: Run) -> None:
    (pytester.path / "scenario.toml").write_text('[[step]]\ndo = "dance"\n', encoding="utf-8")
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['*scenario.toml:2: do = "dance"*'])
