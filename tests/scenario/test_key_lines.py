"""The lines of keys, for documents written in every way that TOML has."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.scenario.key_lines import key_lines

DOCUMENT = """# a comment with [brackets] and key = "value"
title = "a # no comment"
"quoted key" = 'it''s' # ends here
""".replace("'it''s'", "'its'")

LONG = '''
text = """
[not.a.table]
key = 1
""" # end
after = 1
'''

ARRAYS = """
[[step]]
do = "a"

[step.inner]
x = 1
[[step]]
do = "b"
list = [
  1, # one ]
  "]", '''
  ]''',
]
last = {a = 1, b = "}"}
[machine]
"""


def test_plain_keys() -> None:
    lines = key_lines(DOCUMENT)
    assert lines[("title",)] == 2
    assert lines[("quoted key",)] == 3


def test_tables_within_long_strings_are_text() -> None:
    assert key_lines(LONG) == {("text",): 2, ("after",): 6}


def test_arrays_of_tables() -> None:
    lines = key_lines(ARRAYS)
    assert lines[("step", 0)] == 2
    assert lines[("step", 0, "do")] == 3
    assert lines[("step", 0, "inner", "x")] == 6
    assert lines[("step", 1)] == 7
    assert lines[("step", 1, "list")] == 9
    assert lines[("step", 1, "last")] == 14
    assert lines[("machine",)] == 15


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a.b.c = 1", ("a", "b"), 1),
        ('\r\n"a.b" = 1\r\n', ("a.b",), 2),
        ('\n"\\u0041" = 1', ("A",), 2),
        ("[ a . 'b' ]\nc=1", ("a", "b", "c"), 2),
        ("x = ''''one'''' # quote\ny = 2", ("y",), 2),
        ('x = "\\"#["\ny = 2', ("y",), 2),
        ("x = 1979-05-27T07:32:00Z\ny = 1.5e3", ("y",), 2),
    ],
)
def test_spellings(text: str, path: tuple[str, ...], line: int) -> None:
    tomllib.loads(text)
    assert key_lines(text)[path] == line


KEYS = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
VALUES = st.sampled_from(['"x"', "1", "[1,\n 2]", "'''\n[x]\n'''", '"""a\n"b\n"""', "{k = 1}", "true"])


@given(st.dictionaries(KEYS, st.tuples(VALUES, st.integers(0, 3)), max_size=8))
def test_every_key_is_found_where_it_stands(entries: dict[str, tuple[str, int]]) -> None:
    text, expected = "", {}
    for name, (value, blank) in entries.items():
        text += "\n" * blank
        expected[name] = text.count("\n") + 1
        text += f"{name} = {value} # {name} = [\n"
    tomllib.loads(text)
    lines = key_lines(text)
    assert {name: lines[(name,)] for name in entries} == expected
