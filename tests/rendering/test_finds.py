"""What was found is highlighted, and the highlights break nothing."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import Author, Hit, Message
from dragoman.core.sanitize import clean
from dragoman.rendering import SearchView, lay_out


def shown(text, *highlights):
    message = Message(
        id="m", conversation="c", account="a", number=1, author=Author(name="Ann"), sent_at=None, text=text
    )
    view = SearchView(query="q", hits=[Hit(message=message, excerpt=text, highlights=highlights)])
    answer = lay_out(view, form="text", max_tokens=3000, zone=UTC).answer(None).text
    return answer.split("Ann: ")[1]


@pytest.mark.parametrize(
    ("text", "highlight", "expected"),
    [
        ("the fix 👩\u200d🔧 done", (8, 9), "the fix **👩\u200d🔧** done"),
        ("the fix 👩\u200d🔧 done", (10, 11), "the fix **👩\u200d🔧** done"),
        ("ok 👍🏽 yes", (3, 4), "ok **👍🏽** yes"),
        ("می\u200cروم", (0, 2), "**می**\u200cروم"),
        ("می\u200cروم", (3, 6), "می\u200c**روم**"),
        ("a\u200bb word", (4, 8), "a<U+200B>b **word**"),
        ("a\x1b[31mred\x1b[0m", (6, 9), "a**red**"),
        ("plain words", (6, 11), "plain **words**"),
        ("the server\ncrashed", (4, 10), "the **server**\n crashed"),
        ("the server\r\ncrashed", (4, 10), "the **server**\n crashed"),
        ("the server\tcrashed", (4, 10), "the **server**\tcrashed"),
        ("the server\x07crashed", (4, 10), "the **server**<U+0007>crashed"),
        ("a\nserver", (2, 8), "a\n **server**"),
        ("the launch\nwindow opens", (4, 17), "the **launch**\n **window** opens"),
        ("an e\u0301 here", (3, 4), "an **e\u0301** here"),
        ("see launch , now", (4, 11), "see **launch** , now"),
    ],
)
def test_a_find_is_marked_and_what_is_around_it_stays(text, highlight, expected):
    assert shown(text, highlight) == expected


@given(
    st.text(st.sampled_from("ab \n\t👩🔧🏽❤\u200d\ufe0fمی\u200c\u200b\u0301\x1b[m葛"), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4),
)
def test_without_its_marks_a_passage_is_the_cleaned_text(text, highlights):
    passage = shown(f"x{text}x", *highlights)
    assert passage.replace("**", "").replace("\n ", "\n").strip() == clean(f"x{text}x").strip()
    for line in passage.split("\n"):
        marked = line.split("**")[1::2]
        assert line.count("**") == 2 * len(marked)
        assert all(part == part.strip() for part in marked)
