"""An interface that could not be interposed upon does not build, and the compiler says why."""

from pathlib import Path

import pytest

from tests.objects.snippet import compile_snippet
from toolchain.compiler import CompilationError

PRELUDE = """
#include "objects/reference.h"
using namespace objects;
"""

GOOD = """
class Good : public Object {
public:
    virtual Result<uint64_t> one(uint64_t) = 0;
    using Methods = MethodList<&Good::one>;
protected:
    ~Good() = default;
};
uint64_t call(Ref<Good> good) { return good->one(1).value(); }
"""

BAD = {
    "result larger than two registers": (
        """
struct Large { uint64_t words[3]; };
class Bad : public Object {
public:
    virtual Large one() = 0;
    using Methods = MethodList<&Bad::one>;
protected:
    ~Bad() = default;
};
void call(Ref<Bad> bad) { bad->class_of().value(); }
""",
        "an interface method must return a trivially copyable result of at most 16 bytes",
    ),
    "result that is not trivially copyable": (
        """
struct Owner { Owner(const Owner&); uint64_t word; };
class Bad : public Object {
public:
    virtual Owner one() = 0;
    using Methods = MethodList<&Bad::one>;
protected:
    ~Bad() = default;
};
void call(Ref<Bad> bad) { bad->class_of().value(); }
""",
        "an interface method must return a trivially copyable result of at most 16 bytes",
    ),
    "argument that is not trivially copyable": (
        """
struct Owner { Owner(const Owner&); uint64_t word; };
class Bad : public Object {
public:
    virtual void one(Owner) = 0;
    using Methods = MethodList<&Bad::one>;
protected:
    ~Bad() = default;
};
void call(Ref<Bad> bad) { bad->class_of().value(); }
""",
        "an interface method must take trivially copyable arguments",
    ),
    "virtual destructor": (
        """
class Bad : public Object {
public:
    virtual void one() = 0;
    using Methods = MethodList<&Bad::one>;
    virtual ~Bad() = default;
};
void call(Ref<Bad> bad) { bad->one(); }
""",
        "an interface has no virtual destructor",
    ),
    "data in the interface": (
        """
class Bad : public Object {
public:
    virtual void one() = 0;
    using Methods = MethodList<&Bad::one>;
    uint64_t data;
protected:
    ~Bad() = default;
};
void call(Ref<Bad> bad) { bad->one(); }
""",
        "an interface has no data and no second base class",
    ),
    "multiple inheritance": (
        """
class Other { public: virtual void two() = 0; };
class Bad : public Object, public Other {
public:
    virtual void one() = 0;
    using Methods = MethodList<&Bad::one>;
protected:
    ~Bad() = default;
};
void call(Ref<Bad> bad) { bad->one(); }
""",
        "an interface has no data and no second base class",
    ),
    "status that is not looked at": (
        """
Status might_fail();
void call() { might_fail(); }
""",
        "ignoring return value",
    ),
}


def test_a_plain_interface_builds(tmp_path: Path) -> None:
    assert compile_snippet(tmp_path, PRELUDE + GOOD).object


@pytest.mark.parametrize("name", BAD)
def test_a_bad_interface_does_not_build(name: str, tmp_path: Path) -> None:
    text, reason = BAD[name]
    with pytest.raises(CompilationError, match="error") as refusal:
        compile_snippet(tmp_path, PRELUDE + text)
    assert reason in str(refusal.value)
