"""What people type into a search, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.core.queries import Term
from dragoman.core.query_parser import OPERATORS, parse_query


def wanted(text):
    """The groups of a query, each as its words."""
    return [[term.text for term in group] for group in parse_query(text).expression.wanted]


def excluded(text):
    return [term.text for term in parse_query(text).expression.excluded]


def operators(text):
    return [(one.name, one.value, one.negated) for one in parse_query(text).operators]


@pytest.mark.parametrize(
    ("query", "groups", "without"),
    [
        ("budget invoice", [["budget"], ["invoice"]], []),
        ("budget OR invoice", [["budget", "invoice"]], []),
        ('a OR b OR "c d" e', [["a", "b", "c d"], ["e"]], []),
        ("東京 OR 大阪", [["東京", "大阪"]], []),
        ("(red OR blue) sky", [["red", "blue"], ["sky"]], []),
        ("(a AND b) OR (c d)", [["a", "c"], ["a", "d"], ["b", "c"], ["b", "d"]], []),
        ("((a OR b)) AND (c)", [["a", "b"], ["c"]], []),
        ('("a b" OR c) d', [["a b", "c"], ["d"]], []),
        ("budget -(red OR blue)", [["budget"]], ["red", "blue"]),
        ('budget NOT ("a b" OR c)', [["budget"]], ["a b", "c"]),
        ("f(x) (open a) b) c :)", [["f(x)"], ["open"], ["a"], ["b)"], ["c"], [":)"]], []),
        ("() ( ) (", [["()"], ["("], [")"], ["("]], []),
        ("budget AND NOT draft", [["budget"]], ["draft"]),
        ("(budget OR invoice) AND NOT draft", [["budget", "invoice"]], ["draft"]),
        ("NOT draft budget", [["budget"]], ["draft"]),
        ('budget NOT "first draft" NOT red', [["budget"]], ["first draft", "red"]),
        ("budget AND -draft", [["budget"]], ["draft"]),
        ("budget AND from:ann", [["budget"]], []),
        ("from:ann AND budget", [["budget"]], []),
        ("TERMS AND CONDITIONS", [["TERMS"], ["CONDITIONS"]], []),
        ("NOT", [["NOT"]], []),
        ("budget NOT", [["budget"], ["NOT"]], []),
        ("NOT draft", [["draft"]], []),
        ("budget AND invoice", [["budget"], ["invoice"]], []),
        ("budget NOT invoice", [["budget"]], ["invoice"]),
        ("DO NOT ENTER", [["DO"], ["NOT"], ["ENTER"]], []),
        ("budget or invoice", [["budget"], ["or"], ["invoice"]], []),
        ("OR", [["OR"]], []),
        ("launch -relay", [["launch"]], ["relay"]),
        ('launch -"relay two"', [["launch"]], ["relay two"]),
        ("отчёт -черновик", [["отчёт"]], ["черновик"]),
        ("kill -9 and --force", [["kill"], ["-9"], ["and"], ["--force"]], []),
        ("well-known a-b", [["well-known"], ["a-b"]], []),
        ("-relay", [["relay"]], []),
        ("launch*", [["launch"]], []),
        ("C++ -C#", [["C++"]], ["C#"]),
        ("\u201cthe launch\u201d", [["the launch"]], []),
        ("", [], []),
        ('"" *', [], []),
    ],
)
def test_words_are_grouped_and_excluded(query, groups, without):
    assert wanted(query) == groups
    assert excluded(query) == without


def test_phrases_and_beginnings_are_told_from_words():
    assert parse_query('"a b" c* d').expression.wanted == (
        (Term("a b", phrase=True),),
        (Term("c", beginning=True),),
        (Term("d"),),
    )


@pytest.mark.parametrize(
    ("query", "found", "text"),
    [
        ("from:Ann budget", [("from", "Ann", False)], "budget"),
        ('from:"Maria Koch" budget', [("from", "Maria Koch", False)], "budget"),
        ("in:#room budget -in:local:other", [("in", "#room", False), ("in", "local:other", True)], "budget"),
        ("before:2026-04-01 AFTER:2026/03/01", [("before", "2026-04-01", False), ("after", "2026/03/01", False)], ""),
        ("has:file is:unread", [("has", "file", False), ("is", "unread", False)], ""),
        ('subject:"re: plan" label:urgent', [("subject", "re: plan", False), ("label", "urgent", False)], ""),
        ("author:Ann channel:x tag:y", [("from", "Ann", False), ("in", "x", False), ("label", "y", False)], ""),
        ("from:'Maria Koch' budget", [("from", "Maria Koch", False)], "budget"),
        ("from:(Maria Koch) budget", [("from", "Maria Koch", False)], "budget"),
        ("(from:ann budget) (in:#room)", [("from", "ann", False), ("in", "#room", False)], "budget"),
        ('NOT from:ann budget AND NOT in:"a b"', [("from", "ann", True), ("in", "a b", True)], "budget AND"),
        (
            "during:2026-03 newer_than:2d older_than:1d",
            [("on", "2026-03", False), ("after", "2d", False), ("before", "1d", False)],
            "",
        ),
        ("from:o'neil budget", [("from", "o'neil", False)], "budget"),
        ("from:Анна от", [("from", "Анна", False)], "от"),
        ("from\uff1a田中\u3000「東京 タワー」", [("from", "田中", False)], '"東京 タワー"'),
    ],
)
def test_operators_are_told_from_words(query, found, text):
    assert operators(query) == found
    assert parse_query(query).text == text


@pytest.mark.parametrize(
    "query", ["http://x.example/a", "std::vector", "10:30", "C:\\Users", "a :b", "x:", "note: this"]
)
def test_what_only_looks_like_an_operator_is_text(query):
    assert operators(query) == []
    assert parse_query(query).text == query


def test_an_empty_value_takes_no_other_word():
    assert operators('from:"" budget') == []
    assert wanted('from:"" budget')[-1] == ["budget"]


@pytest.mark.parametrize("query", ["to:ann x", "filetype:pdf x", "larger:5M x", "is:starred x", "from: "])
def test_an_operator_that_is_not_understood_is_text_and_the_note_says_so(query):
    parsed = parse_query(query, lambda operator: operator.value != "starred")
    name = query.split(":")[0]
    assert f"{name}:" in parsed.notes[0]
    assert "searched as text" in parsed.notes[0]
    assert parsed.text == query.strip()


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ('"open quote', "not closed"),
        ("-word", "excludes nothing"),
        ("from: ann lunch", "was read as from:ann"),
        ("lunch OR from:ann", "OR joins words only"),
        ("(lunch OR from:ann)", "OR joins words only"),
        ("a OR -b", "OR joins words only"),
        ("a -(b c)", "any of the words"),
    ],
)
def test_what_was_read_otherwise_is_told(query, note):
    assert any(note in one for one in parse_query(query).notes)


def test_a_query_that_is_too_long_is_refused():
    with pytest.raises(InvalidArgument, match="longer than 1,000"):
        parse_query("word " * 300)
    with pytest.raises(InvalidArgument, match="more than 32 words"):
        parse_query("w " * 33)
    with pytest.raises(InvalidArgument, match="too many"):
        parse_query(" OR ".join(["(a b c d)"] * 4))


def test_deep_parentheses_are_text():
    assert parse_query("(" * 400 + "a" + ")" * 400).text


TYPED = st.lists(
    st.sampled_from([*"ab \"-:*()'", "OR", "NOT", "AND", "from:", "in:#x", "on:1", "x:y", "é", "\u201d", "\n"])
).map("".join)


@given(TYPED | st.text(max_size=40))
def test_every_query_can_be_read_and_loses_no_word(query):
    parsed = parse_query(query)
    words = [term.text for group in parsed.expression.wanted for term in group]
    words += [term.text for term in parsed.expression.excluded]
    assert all(word.strip() for word in words)
    for one in parsed.operators:
        assert one.name in OPERATORS.values()
        assert one.value
    for letter in set(query) & {"é"}:
        assert query.count(letter) == sum(t.count(letter) for t in [*words, *(one.value for one in parsed.operators)])
