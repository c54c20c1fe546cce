"""Markdown is read into spans, and spans are written as Markdown or as a service's own markup."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.providers.kit import MARKDOWN, Block, Markup, Span, Style, markdown_to_html, parse_markdown, write_markup

BOLD, ITALIC, STRIKE, CODE = Style(bold=True), Style(italic=True), Style(strike=True), Style(code=True)

LINES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from("*_`~[]()<>&#|\\-+=.:>1 "), max_size=30
)
"""Lines with more signs of Markdown than people write."""


def marked(text, style):
    for mark, wanted in (("*", style.bold), ("_", style.italic), ("~", style.strike), ("`", style.code)):
        text = f"{mark}{text}{mark}" if wanted else text
    return text


SLACK = Markup(
    escape=escape,
    styled=marked,
    link=lambda url, label: f"<{url}|{label}>",
    heading=lambda text, _: f"*{text}*",
    bullet="•",
)


def one_line(blocks):
    return " ".join("".join(span.text for span in block.spans) for block in blocks)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("**Now**, _please_ ~~not~~ `x *y*`", [("Now", BOLD), (", ", Style()), ("please", ITALIC), (" ", Style()),
                                               ("not", STRIKE), (" ", Style()), ("x *y*", CODE)]),
        ("***both***", [("both", Style(bold=True, italic=True))]),
        ("a\\*b snake_case 2 * 3", [("a*b snake_case 2 * 3", Style())]),
        ("one\ntwo **x**", [("one\ntwo ", Style()), ("x", BOLD)]),
        ("<b>no</b> ![i](https://i.example/x.png)", None),
    ],
)  # fmt: skip
def test_styles_become_spans_and_everything_else_is_text(text, spans):
    (block,) = parse_markdown(text)
    if spans is None:
        assert "<b>no</b> !" in one_line([block])
    else:
        assert [(span.text, span.style) for span in block.spans] == spans


def test_a_link_keeps_its_address_and_one_that_runs_code_is_text():
    (block,) = parse_markdown("[docs](https://docs.example/a_b) [x](javascript:alert(1))")
    assert block.spans[0] == Span("docs", url="https://docs.example/a_b")
    assert one_line([block]) == "docs [x](javascript:alert(1))"


def test_lists_quotes_code_and_headings_become_blocks():
    blocks = parse_markdown(
        "# Plan\n\n- one\n- two\n    1. deep\n\n> said\n> > before\n\n```py\nx = 1\n\ny\n```\n\n---\n\nend"
    )
    assert [(block.kind, block.quote, block.depth, block.marker) for block in blocks] == [
        ("heading", 0, 0, ""), ("text", 0, 1, "-"), ("text", 0, 1, "-"), ("text", 0, 2, "1."), ("text", 1, 0, ""),
        ("text", 2, 0, ""), ("code", 0, 0, ""), ("rule", 0, 0, ""), ("text", 0, 0, ""),
    ]  # fmt: skip
    assert (blocks[0].level, blocks[6].language, blocks[6].spans) == (1, "py", (Span("x = 1\n\ny"),))


@pytest.mark.parametrize(
    "text",
    [
        "# Plan\n\nText with **bold**, _italic_ and ~~gone~~ `code`.",
        "- one\n- two\n    1. deep\n    2. deeper\n\nend",
        "> said\n>\n> again\n\nanswer",
        "```py\nx = '```'\n```\n\nafter".replace("'```'", "1"),
        "1. one\n\n    more of one\n2. two",
        "[docs](https://docs.example/a) and <none>",
    ],
)
def test_what_is_written_as_markdown_reads_the_same(text):
    blocks = parse_markdown(text)
    assert parse_markdown(write_markup(blocks, MARKDOWN)) == blocks


@given(st.lists(LINES, min_size=1, max_size=3))
@example(["1. a", "# b", "> c", "+ d"])
@example(["===", "---"])
@example(["_a_ and *b*", "~~c~~ `d` [e](https://e.example)", "<https://f.example> &amp;"])
@example(["    four", "\\"])
def test_plain_text_is_escaped_so_that_it_stays_plain(lines):
    text = "\n".join(line.strip() or "x" for line in lines)
    written = write_markup([Block("text", (Span(text),))], MARKDOWN)
    blocks = parse_markdown(written)
    assert [(block.kind, block.quote, block.depth) for block in blocks] == [("text", 0, 0)]
    assert [(span.style, span.url) for span in blocks[0].spans] == [(Style(), "")]
    assert one_line(blocks).split() == text.split()


@given(LINES, st.sampled_from([BOLD, ITALIC, STRIKE, Style(bold=True, italic=True)]))
def test_a_piece_in_a_style_ends_where_it_ended(text, style):
    blocks = [Block("text", (Span("before "), Span(f"a{text}z", style), Span(" after")))]
    assert parse_markdown(write_markup(blocks, MARKDOWN)) == blocks


@given(st.text(st.sampled_from("`ab ~*"), min_size=1, max_size=12))
def test_code_cannot_be_ended_by_what_is_in_it(text):
    (block,) = parse_markdown(write_markup([Block("code", (Span(text),))], MARKDOWN))
    assert (block.kind, block.spans) == ("code", (Span(text),))


def test_a_service_is_written_in_its_own_marks():
    text = "# Plan\n\nSee **this** & [docs](https://docs.example/a):\n\n- `x < 1`\n- two"
    assert write_markup(parse_markdown(text), SLACK) == (
        "*Plan*\n\nSee *this* &amp; <https://docs.example/a|docs>:\n\n• `x < 1`\n• two"
    )


def test_html_is_made_only_of_a_text_that_uses_markdown():
    assert markdown_to_html("Plain - text, 2 * 3.") == ""
    assert markdown_to_html("**Now** <b>") == "<p><strong>Now</strong> &lt;b&gt;</p>\n"
