"""Compiles many sources in parallel, each only when its content, its headers or its flags have changed."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from emulator.errors import BuildError
from toolchain.compiler import REQUIRED_VERSION, CompilationError, Compiled, Compiler, SourceRoot, Unit
from toolchain.store import Store, digest


class Progress(Protocol):
    """Told after each step of a build."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """``done`` of ``total`` steps; ``what`` was just finished."""


def silent(done: int, total: int, what: str) -> None:
    """The progress of those who do not want any."""


@dataclass(frozen=True)
class Object:
    """A compiled source: where its object lies, and the digest of all that went into it."""

    path: Path
    key: str


@dataclass
class Builder:
    """Compiles into a store. The compiler is looked for only when something has to be compiled."""

    store: Store
    progress: Progress = silent
    _digests: dict[Path, str] = field(default_factory=dict)
    _trees: dict[SourceRoot, Mapping[str, list[str]]] = field(default_factory=dict)
    _contents: dict[tuple[SourceRoot, ...], dict[str, str | None]] = field(default_factory=dict)
    """Digests of files by their labelled names, for each set of roots: units share most of what they read."""

    @cached_property
    def compiler(self) -> Compiler:
        """Raises BuildError when the compiler is missing or wrong."""
        return Compiler.find()

    def compile_all(self, units: Sequence[Unit], more_steps: int = 0) -> list[Object]:
        """The objects of ``units``, in their order.

        ``more_steps`` is how many steps the caller adds to the total shown as progress. Raises
        CompilationError with the diagnostics of every unit that failed before the rest was given up.
        """
        found = {unit: self._find(unit) for unit in units}
        missing = [unit for unit, found_object in found.items() if found_object is None]
        done, total = len(units) - len(missing), len(units) + more_steps
        if done:
            self.progress(done, total, "unchanged objects")
        for unit, compiled in self._compile(missing, done, total):
            found[unit] = self._keep(unit, compiled)
        return [built for built in found.values() if built is not None]

    def _compile(self, units: Sequence[Unit], done: int, total: int) -> Iterable[tuple[Unit, Compiled]]:
        if not units:
            return
        compiler = self.compiler
        with ThreadPoolExecutor(_cores()) as pool:
            pending = {pool.submit(compiler.compile, unit): unit for unit in units}
            while pending:
                finished, _ = wait(pending, return_when=FIRST_COMPLETED)
                self._refuse_failures(finished, pending)
                for future in finished:
                    unit = pending.pop(future)
                    yield unit, future.result()
                    done += 1
                    self.progress(done, total, unit.label)

    @staticmethod
    def _refuse_failures(finished: set[Future[Compiled]], pending: Mapping[Future[Compiled], Unit]) -> None:
        if not any(future.exception() for future in finished):
            return
        for future in pending:
            future.cancel()
        failures = {
            pending[future].label: failure
            for future in pending
            if not future.cancelled() and (failure := future.exception()) is not None
        }
        for failure in failures.values():
            if not isinstance(failure, CompilationError):
                raise failure
        names = ", ".join(sorted(failures))
        details = "\n".join(str(failures[name]) for name in sorted(failures))
        raise CompilationError(f"{names} {'do' if len(failures) > 1 else 'does'} not compile:\n{details}")

    def _find(self, unit: Unit) -> Object | None:
        manifest = self.store.find("depends", self._manifest_key(unit), "list")
        if manifest is None:
            return None
        read = manifest.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
        key = self._object_key(unit, read)
        path = key and self.store.find("objects", key, "unit.o")
        return Object(path, key) if key and path else None

    def _keep(self, unit: Unit, compiled: Compiled) -> Object:
        read = sorted({name for path in compiled.read if (name := _labelled(path, unit.roots)) is not None})
        text = "\n".join(read).encode(errors="surrogateescape")
        self.store.put("depends", self._manifest_key(unit), "list", text)
        key = self._object_key(unit, read)
        if key is None:
            raise BuildError(f"{unit.label}: a file that it includes went away during the build")
        return Object(self.store.put("objects", key, "unit.o", compiled.object), key)

    def _manifest_key(self, unit: Unit) -> str:
        return digest(["depends", *_identity(unit)])

    def _object_key(self, unit: Unit, read: Sequence[str]) -> str | None:
        """The digest of what an object depends on; None when a file that it had read is gone.

        A header that appears where the search looks earlier must count too: all of the same name do.
        """
        roots = unit.roots
        parts = [*_identity(unit), *self._namesakes(roots, read)]
        contents = self._contents.setdefault(roots, {})
        for name in read:
            if name not in contents:
                contents[name] = self._digest(_located(name, roots))
            content = contents[name]
            if content is None:
                return None
            parts += [name, content]
        return digest(parts)

    def _namesakes(self, roots: Iterable[SourceRoot], read: Sequence[str]) -> list[str]:
        wanted = {name.rsplit("/", 1)[-1] for name in read}
        trees = [self._headers(root) for root in roots]
        return sorted(label for tree in trees for name in wanted for label in tree.get(name, ()))

    def _headers(self, root: SourceRoot) -> Mapping[str, list[str]]:
        """The labelled names of all files of a root, by their last part."""
        if root not in self._trees:
            by_name: dict[str, list[str]] = defaultdict(list)
            for path in root.directory.rglob("*"):
                by_name[path.name].append(f"{root.label}/{path.relative_to(root.directory).as_posix()}")
            self._trees[root] = by_name
        return self._trees[root]

    def _digest(self, path: Path) -> str | None:
        if path not in self._digests:
            try:
                self._digests[path] = hashlib.blake2b(path.read_bytes(), digest_size=20).hexdigest()
            except OSError:
                return None
        return self._digests[path]


def _identity(unit: Unit) -> list[str]:
    return [REQUIRED_VERSION, unit.label, *unit.arguments, "roots", *(root.label for root in unit.roots)]


def _labelled(path: Path, roots: Iterable[SourceRoot]) -> str | None:
    """``label/relative path``; None for the compiler's own headers, which its version covers."""
    for root in roots:
        if path.is_relative_to(root.directory):
            return f"{root.label}/{path.relative_to(root.directory).as_posix()}"
    return None


def _located(name: str, roots: Iterable[SourceRoot]) -> Path:
    label, relative = name.split("/", 1)
    return next(root.directory for root in roots if root.label == label) / relative


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
