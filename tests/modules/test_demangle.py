"""C++ names for people."""

import pytest

from emulator.modules.demangle import demangle, without_parameters


@pytest.mark.parametrize(
    ("mangled", "plain"),
    [
        ("_ZN6kernel6Thread4holdEv", "kernel::Thread::hold()"),
        ("_ZN6kernel12_GLOBAL__N_13$_08__invokeEv", "kernel::(anonymous namespace)::$_0::__invoke()"),
        ("memcpy", "memcpy"),
        ("_ZN6kernel6Thread", "_ZN6kernel6Thread"),
    ],
)
def test_names_are_demangled_where_they_are_mangled(mangled: str, plain: str) -> None:
    assert demangle(mangled) == plain


@pytest.mark.parametrize(
    ("name", "shortened"),
    [
        ("kernel::Thread::hold()", "kernel::Thread::hold"),
        ("objects::Root::rep(unsigned int) const", "objects::Root::rep"),
        ("f(void (*)(int), int)", "f"),
        ("kernel::(anonymous namespace)::lock", "kernel::(anonymous namespace)::lock"),
        ("kernel::(anonymous namespace)::run(unsigned long)", "kernel::(anonymous namespace)::run"),
        ("memcpy", "memcpy"),
    ],
)
def test_the_parameter_list_is_cut_off(name: str, shortened: str) -> None:
    assert without_parameters(name) == shortened
