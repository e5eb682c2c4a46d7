"""Times and sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.scenario.values import format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("0ns", 0), ("20ms", 20_000_000), ("1.5s", 1_500_000_000), ("250 us", 250_000), ("0.001us", 1)],
)
def test_durations(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "5", "ms", "-1ms", "1m", "0.5ns", "1e3ms", "99999999999s", "1.5.5s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.integers(0, 2**62))
def test_a_duration_is_read_as_it_was_written(nanoseconds: int) -> None:
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64", 64 << 20),
        ("64M", 64 << 20),
        ("64MB", 64 << 20),
        ("64 MiB", 64 << 20),
        ("1g", 1 << 30),
        ("512k", 512 << 10),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1M", "1T", "0x40M", "1.5G"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size(text)
