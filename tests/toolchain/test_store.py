"""The cache: keys that cannot be confused, entries that appear whole, the oldest going first."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import BuildError
from toolchain.paths import cache_directory
from toolchain.store import Store, digest


@given(st.lists(st.text(max_size=3), max_size=4), st.lists(st.text(max_size=3), max_size=4))
def test_different_sequences_have_different_keys(first: list[str], second: list[str]) -> None:
    assert (digest(first) == digest(second)) == (first == second)


def test_an_entry_is_found_after_it_was_put(store: Store) -> None:
    assert store.find("kind", "key", "name") is None
    path = store.put("kind", "key", "name", b"data")
    assert store.find("kind", "key", "name") == path
    assert [each.name for each in path.parent.iterdir()] == ["name"]
    assert path.read_bytes() == b"data"


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BuildError) as refusal:
        Store(tmp_path / "file").put("kind", "key", "name", b"data")
    assert str(refusal.value) == f"the cache {tmp_path / 'file'} cannot be written: Not a directory"


def test_the_least_recently_used_goes_first(store: Store) -> None:
    for age, key in enumerate(("newest", "middle", "oldest")):
        os.utime(store.put("kind", key, "name", bytes(100)), (10_000 - age, 10_000 - age))
    assert store.find("kind", "oldest", "name") is not None  # used again: it is the newest now
    store.trim(limit=200)
    kept = {key for key in ("newest", "middle", "oldest") if store.path("kind", key, "name").exists()}
    assert kept == {"oldest", "newest"}


def test_what_someone_may_be_about_to_read_stays(store: Store) -> None:
    asked_for = store.put("kind", "asked for", "name", bytes(100))
    os.utime(asked_for, (10_000, 10_000))
    assert store.find("kind", "asked for", "name") == asked_for
    made = store.put("kind", "made", "name", bytes(100))
    store.trim(limit=0)
    assert asked_for.exists()
    assert made.exists()


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "evergreen"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for invalid in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", invalid)
        assert cache_directory() == tmp_path / "home/.cache/evergreen"
