"""C++ names as their author wrote them."""

from functools import lru_cache

import pydemumble


@lru_cache(maxsize=65536)
def demangle(name: str) -> str:
    """``kernel::Thread::hold()`` for ``_ZN6kernel6Thread4holdEv``; any other name unchanged."""
    return (pydemumble.demangle(name) or name) if name.startswith("_Z") else name


def without_parameters(name: str) -> str:
    """A demangled function's name without its parameter list and what follows it."""
    depth = 0
    for index in range(len(name) - 1, -1, -1):
        if name[index] == ")":
            depth += 1
        elif name[index] == "(":
            depth -= 1
            if depth == 0:
                return name[:index] if index and not name.startswith("(", 0, index) else name
    return name
