"""Work on foreign text grows as the text does, whatever somebody writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import Author, Message
from dragoman.providers.glean.conversation_id import IdKind
from dragoman.providers.glean.messages.reader import below
from linear_growth import LONG, MARKUP, MOST_GROWTH, SHORT, growth, hostile
from linear_readers import ARCHIVES, READERS

UNITS = [
    "a", "word ", " ", "\t", "\n", "> ", ">", "\r", "\x90", "\x9da", "\x9b", "\x9b0", "\x1b", "\x1b[", "\x1b]x",
    "\x1b[0;", "\u200b", "\u202e", "\U000e0041", "\u0301", "\U0001f469\u200d", "\u4e2d", "\xdf", "\xe9", "=",
    "=-", "<", "<a", "<b>", "</", "&", "&amp", "&#", "@", "@a", "<@", "<!", "[", "[](", "](", "http://",
    "https://a.", "a.", "a.b ", "//", "1", "1,", "%", "%4", "\\", "'", '"', "\\u", "*", "**", "_", "`", "```",
    "#", "=?", "=?utf-8?q?a", "=?utf-8?b?", "?=", "(", ")", "{", ";", ";a=", ",", ":", "On a wrote:\n", "-- \n",
    " \n", "\n>", "\ud800", "\x00", "-", "--", "a-", "a*", "OR ", "from:", "\U0001f600", "\U0001f3fd", "\u0e01",
    "\u05d0\u05d1", "mailto:", "xn--",
    "\xa0", "&nbsp;", "_", "a:", "; ", "<br>", "<@U1>", "<@1>", "<@u1>", "<a:b|", "=\n", " \t", "x-", "x-api-key", "?a",
    "re ", "\u200e",
    "a@b ", ". ", "[1]", "(a", "\v", "\ufe0f", "#\ufe0f", "\u2028", "\uff1a", "/", "+", "^", "|", "~",
]  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_twice_the_text_takes_at_most_little_more_than_twice_the_time(name):
    read = READERS[name]
    units = MARKUP if name in ARCHIVES else UNITS
    accepted = 0
    for unit in units:
        try:
            grows = growth(read, hostile(unit, SHORT), hostile(unit, LONG))
        except (InvalidArgument, ValueError):  # refused: nothing is read
            continue
        accepted += 1
        assert grows <= MOST_GROWTH, (unit, grows)
    assert accepted > len(units) // 4


def test_a_chain_of_answers_is_followed_in_linear_time():
    message = Message(id="m", conversation="c", author=Author(name=""), sent_at=None, text="")

    def follow(text: str) -> object:
        chain = [replace(message, id=str(place), reply_to=str(place - 1)) for place in range(len(text), 0, -1)]
        return below(chain, "0", IdKind.CHANNEL)

    assert growth(follow, hostile("a", SHORT), hostile("a", LONG)) <= MOST_GROWTH
