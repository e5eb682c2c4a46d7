"""C++ names as their author wrote them."""

from functools import lru_cache

import pydemumble


@lru_cache(maxsize=65536)
def demangle(name: str) -> str:
    """``kernel::Thread::hold()`` for ``_ZN6kernel6Thread4holdEv``; any other name unchanged."""
    return (pydemumble.demangle(name) or name) if name.startswith("_Z") else name


def without_parameters(name: str) -> str:
    """A demangled function's name without its parameter list."""
    body = name.removesuffix(" const")
    if not body.endswith(")"):
        return name
    depth = 0
    for index in range(len(body) - 1, 0, -1):
        depth += (body[index] == ")") - (body[index] == "(")
        if depth == 0:
            return body[:index]
    return name
