import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman_server.config.toml_positions import key_lines, read

DOCUMENT = '''# a comment with [brackets] and = signs
top = "a # no comment"

[accounts.one]   # a header
text = """
[not.a.table]
not_a_key = 1
"""
list = [
  "a", # ]
  'b',
]
"quoted key" = { inner = 1, "other" = [2] }
dotted . key = 'x'
[accounts."two words"]
last = 1
'''


def test_every_key_has_its_line():
    assert key_lines(DOCUMENT) == {
        ("top",): 2,
        ("accounts",): 4,
        ("accounts", "one"): 4,
        ("accounts", "one", "text"): 5,
        ("accounts", "one", "list"): 9,
        ("accounts", "one", "quoted key"): 13,
        ("accounts", "one", "dotted"): 14,
        ("accounts", "one", "dotted", "key"): 14,
        ("accounts", "two words"): 15,
        ("accounts", "two words", "last"): 16,
    }


def test_a_key_without_a_line_has_that_of_what_is_around_it():
    document = read(DOCUMENT)
    assert document.line_of(("accounts", "one", "quoted key", "inner")) == 13
    assert document.line_of(("nowhere",)) is None


def test_an_array_of_tables_has_the_line_of_its_first_one():
    assert key_lines("[[a]]\nx = 1\n[[a]]\nx = 2\n") == {("a",): 1, ("a", "x"): 2}


def test_several_broken_lines_are_all_found_and_the_others_read():
    document = read('a = 1\nb =\nc = 3\nd = "x\ne = 5\n')
    assert [mistake.line for mistake in document.mistakes] == [2, 4]
    assert dict(document.data) == {"a": 1, "c": 3, "e": 5}
    assert document.whole


@pytest.mark.parametrize("text", ['b = 1\na = """\nb = 1\n', "b = 1\na = 'x\n", "b = 1\na = {\n", "b = 1\n[a\nb = 1\n"])
def test_what_never_ends_is_reported_where_it_begins_and_nothing_is_guessed(text):
    document = read(text)
    assert [mistake.line for mistake in document.mistakes] == [2]
    assert not document.whole


@given(st.text(alphabet="ab=.[]{}\"'#\\\n \r,1é\t\x00", max_size=60))
def test_any_text_is_either_read_or_has_a_mistake(text):
    document = read(text)
    try:
        data = tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError:
        assert document.mistakes
    else:
        assert document.data == data
        assert all(1 <= line <= text.count("\n") + 1 for line in document.lines.values())
        assert set(data) <= {path[0] for path in document.lines}
