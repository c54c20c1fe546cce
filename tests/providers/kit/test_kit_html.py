"""Mail as text, and text as mail."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.html_text import LONGEST, to_html, to_text

SEEN = {
    "<p>where is table <b>t1</b>?</p>": "where is table t1?",
    "<p>one</p><p>two</p>": "one\n\ntwo",
    "one<br>two<br/>three": "one\ntwo\nthree",
    "<div>one</div><div>two</div>": "one\ntwo",
    "  one\n   <i>two</i>   three  ": "one two three",
    "<ul><li>one</li><li>two</li></ul>": "- one\n- two",
    "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>": "a b\nc",
    "<pre>a\n  b</pre>": "a\n  b",
    'see <a href="https://x.example/y">this</a>': "see this (https://x.example/y)",
    '<a href="https://x.example/">https://x.example</a>': "https://x.example",
    '<a href="javascript:alert(1)">this</a>': "this",
    '<a href="https://x.example"><img src="x"></a>': "https://x.example",
    '<img alt="A chart" src="cid:1"> <img src="x">': "[A chart]",
    "<style>p {}</style><script>x()</script><title>t</title>shown": "shown",
    "<!-- no -->yes<!-- no": "yes",
    "a &lt;b&gt; &amp;amp; &nbsp;c &#128512;": "a <b> &amp;  c \U0001f600",
    "a < b and c > d": "a < b and c > d",
    "one<br><br><br><br>two": "one\n\ntwo",
    "plain\ntext": "plain\ntext",
    "<p>unclosed <b>all over": "unclosed all over",
    "</p></div>stray": "stray",
    "<p>nul\x00l, half \ud800</p>": "nul\ufffdl, half ?",
    "<blockquote>older</blockquote>": "older",
    "": "",
    "<>": "<>",
}


@pytest.mark.parametrize("markup", SEEN)
def test_html_reads_as_it_is_seen(markup):
    assert to_text(markup) == SEEN[markup]


@given(st.text())
def test_text_is_the_same_after_its_way_through_html(text):
    back = html.unescape(to_html(text).replace("<br>", "\n"))
    assert back == text.replace("\r\n", "\n").replace("\r", "\n")
    assert "<" not in to_html(text).replace("<br>", "")


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" \n")))
def test_words_survive_being_sent_and_read(text):
    assert to_text(to_html(text)).split() == text.split()


@given(
    st.text()
    | st.lists(st.sampled_from(["<p>", "<a href='https://x'>", "</a>", "<pre>", "</", "<!--", "x", "&"])).map("".join)
)
def test_any_markup_becomes_some_text(markup):
    assert isinstance(to_text(markup), str)


N = 50_000
HOSTILE = {
    "deep": "<div>" * N + "end",
    "deep formatting": "<b><p>" * N,
    "links": "<a href='https://x'>" * N,
    "attributes": "<a " + "x=1 " * N,
    "comments": "<!--" * N,
    "signs": "<" * N,
    "references": "&#" * N,
    "scripts": "<script>" * N,
    "closing": "<p>" + "</p>" * N,
    "breaks": "<br>" * N,
    "long": "<p>" + "x" * (2 * LONGEST),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markup_costs_no_more_than_its_length(name):
    found = to_text(HOSTILE[name])
    assert len(found) <= max(LONGEST, len(HOSTILE[name]))
    assert name != "deep" or found == "end"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<ol><li>one<li>two</ol>", "1. one\n2. two"),
        ("a<ol start=3><li>x<li value=7>y<li>z</ol>b", "a\n\n3. x\n7. y\n8. z\n\nb"),
        ("<ol start=0><li>x</ol><ol start=-4><li>y</ol><ol start=1e9><li>z</ol>", "0. x\n\n1. y\n\n1. z"),
        ("<ol><li>x<ul><li>in<li>side</ul><li>y</ol>", "1. x\n  - in\n  - side\n2. y"),
        ("<ul><li><p>words</p><p>more</p></li><li><div>x</div></li></ul>", "- words\n\nmore\n\n- x"),
        ("<ul><li></li><li>x</li></ul><li>y", "-\n- x\n\n- y"),
        ("<ul><li><ol><li>x</ol></ul>", "-\n  1. x"),
    ],
)
def test_items_of_lists_have_their_numbers_and_their_place(markup, text):
    assert to_text(markup) == text


def test_lists_within_lists_without_end_are_not_indented_without_end():
    assert len(to_text("<ul><li>x" * 2000)) < 2000 * 20
