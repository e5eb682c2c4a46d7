"""Row 25 for adaptors: what cannot be mapped to another interface does not build, and it is said why."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.objects.snippet import compile_snippet
from toolchain.compiler import CompilationError

PRELUDE: Final = """
#include "objects/adaptation.h"
using namespace objects;
class Old : public Object {
public:
    virtual Result<uint64_t> one(uint64_t) = 0;
    virtual Status two() = 0;
    using Methods = MethodList<&Old::one, &Old::two>;
protected:
    ~Old() = default;
};
"""


def newer(methods: str, names: str) -> str:
    """The new interface."""
    listed = ", ".join(f"&New::{name}" for name in names.split())
    return (
        f"class New : public Object {{ public: {methods} using Methods = MethodList<{listed}>; "
        "protected: ~New() = default; };\n"
    )


BOTH: Final = newer("virtual Status two() = 0; virtual Result<uint64_t> one(uint64_t) = 0;", "two one")
MORE: Final = newer(
    "virtual Result<uint64_t> one(uint64_t, uint64_t) = 0; virtual Status second() = 0;", "one second"
)
GOOD: Final = {
    "other positions": BOTH + "Adaptation<Old, New> map;",
    "an argument more, and another name": MORE
    + "Adaptation<Old, New, ChangedArguments<&Old::one, &New::one, Argument<0>, Value<uint64_t{7}>>, "
    "Renamed<&Old::two, &New::second>> map;",
}
_ONE: Final = "virtual Result<uint64_t> one(uint64_t) = 0;"
BAD: Final = {
    "result of the new method larger than two registers": (
        "struct Large { uint64_t words[3]; };"
        + newer(f"{_ONE} virtual Status two() = 0; virtual Large three() = 0;", "one two three")
        + "Adaptation<Old, New> map;",
        "an interface method must return a trivially copyable result of at most 16 bytes",
    ),
    "method that has neither a rule nor a namesake": (
        newer(_ONE, "one") + "Adaptation<Old, New> map;",
        "a method of the old interface needs a rule: the new one has none like it",
    ),
    "namesake with other arguments": (
        newer("virtual Result<uint64_t> one(uint64_t, uint64_t) = 0; virtual Status two() = 0;", "one two")
        + "Adaptation<Old, New> map;",
        "a method of the old interface needs a rule: the new one has none like it",
    ),
    "renamed with another result": (
        newer(f"{_ONE} virtual uint64_t second() = 0;", "one second")
        + "Adaptation<Old, New, Renamed<&Old::two, &New::second>> map;",
        "a renamed method keeps its signature",
    ),
    "handler with other arguments": (
        BOTH
        + "struct Own : Adaptor { Status handle(uint64_t); };"
        + "Adaptation<Old, New, Handled<&Old::two, &Own::handle>> map;",
        "a handler has the signature of the old method",
    ),
    "new interface with data": (
        "class New : public Object { public: virtual Result<uint64_t> one(uint64_t) = 0; "
        "virtual Status two() = 0; using Methods = MethodList<&New::one, &New::two>; uint64_t data; "
        "protected: ~New() = default; };\nAdaptation<Old, New> map;",
        "an interface has no data and no second base class",
    ),
    "new interface that does not list the method": (
        newer(f"{_ONE} virtual Status second() = 0;", "one")
        + "Adaptation<Old, New, Renamed<&Old::two, &New::second>> map;",
        "the interface does not list this method",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_can_be_mapped_builds(name: str, tmp_path: Path) -> None:
    assert compile_snippet(tmp_path, PRELUDE + GOOD[name]).object


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_mapped_does_not_build(name: str, tmp_path: Path) -> None:
    text, reason = BAD[name]
    with pytest.raises(CompilationError, match="error") as refusal:
        compile_snippet(tmp_path, PRELUDE + text)
    assert reason in str(refusal.value)
