"""Work on foreign text grows as the text does, whatever somebody writes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC
from functools import partial

import pytest

from dragoman.archives.json_mending import mend
from dragoman.core.errors import InvalidArgument
from dragoman.core.folding import fold
from dragoman.core.html_text import to_text
from dragoman.core.mail.encoded_words import decode_words
from dragoman.core.mail.flowed import unwrap
from dragoman.core.mail.headers import parse_addresses, parse_ids, parse_parameters
from dragoman.core.mail.quotes import without_quotes
from dragoman.core.model import Author, Conversation, Message
from dragoman.core.query_parser import parse_query
from dragoman.core.references import encode, parse
from dragoman.core.safe_text import quote, sentence
from dragoman.core.sanitize import clean, clean_line, clean_name
from dragoman.providers.base.sent_message_match import words
from dragoman.providers.kit.invisible_text import visible
from dragoman.rendering import PreviewView, question
from dragoman.rendering.budget.token_estimate import measure
from dragoman.rendering.budget.token_shares import TokenShares
from dragoman.rendering.budget.truncate import clip, take
from dragoman.rendering.plain.header import aside
from dragoman.store.excerpt import excerpt
from dragoman.store.index_terms import body, holds_link, joined_parts, parts
from dragoman.toolset.policy import hosts, mass_mentions
from dragoman.toolset.policy.text_readings import readings
from dragoman.transport.error_mapping import quoted

SHORT, LONG = 2_000, 8_000
MOST_GROWTH = 2.6
"""For each doubling; a square grows by four."""

FAST = 0.004
"""Seconds in which the longer text is done whatever the growth; the clock tells no more."""

HERE = Conversation(id="c", account="local")
ROOM = TokenShares(3000, 3000, 375, 1000)


def shown(text: str) -> object:
    message = Message(id="m", conversation="c", author=Author(name=text), sent_at=None, text=text, subject=text)
    return question(PreviewView(conversation=HERE, verb="send", service="local", message=message), UTC)


def searched(text: str) -> object:
    found = parse_query("b* a")
    return excerpt(text, [term for group in found.expression.wanted for term in group], 240)


READERS: dict[str, Callable[[str], object]] = {
    "clean": clean,
    "clean_line": partial(clean_line, limit=10**9),
    "clean_name": clean_name,
    "sentence": lambda text: sentence("{} {!r}", text, text),
    "quote": partial(quote, limit=10**9),
    "service words": quoted,
    "measure": measure,
    "clip": lambda text: clip(text, 500),
    "take": lambda text: take(text, 0, 500, str),
    "aside": lambda text: aside(text, ROOM),
    "preview": shown,
    "excerpt": searched,
    "body": body,
    "parts": parts,
    "joined parts": joined_parts,
    "holds_link": holds_link,
    "fold": fold,
    "links": hosts,
    "mentions": mass_mentions,
    "readings": readings,
    "encode": encode,
    "parse": parse,
    "same text": words,
    "html": to_text,
    "invisible": visible,
    "mail quotes": partial(without_quotes, is_answer=True),
    "flowed": partial(unwrap, delete_space=True),
    "encoded words": decode_words,
    "addresses": parse_addresses,
    "message ids": parse_ids,
    "parameters": parse_parameters,
    "broken JSON": mend,
}
UNITS = [
    "a", "word ", " ", "\t", "\n", "> ", ">", "\r", "\x90", "\x9da", "\x9b", "\x9b0", "\x1b", "\x1b[", "\x1b]x",
    "\x1b[0;", "\u200b", "\u202e", "\U000e0041", "\u0301", "\U0001f469\u200d", "\u4e2d", "\xdf", "\xe9", "=",
    "=-", "<", "<a", "<b>", "</", "&", "&amp", "&#", "@", "@a", "<@", "<!", "[", "[](", "](", "http://",
    "https://a.", "a.", "a.b ", "//", "1", "1,", "%", "%4", "\\", "'", '"', "\\u", "*", "**", "_", "`", "```",
    "#", "=?", "=?utf-8?q?a", "=?utf-8?b?", "?=", "(", ")", "{", ";", ";a=", ",", ":", "On a wrote:\n", "-- \n",
    " \n", "\n>", "\ud800", "\x00", "-", "--", "a-", "a*", "OR ", "from:", "\U0001f600", "\U0001f3fd", "\u0e01",
    "\u05d0\u05d1", "mailto:", "xn--",
]  # fmt: skip


def hostile(unit: str, length: int) -> str:
    """One unit again and again, after an ordinary beginning."""
    return "hello <a " + unit * (length // len(unit)) + "z"


def seconds(read: Callable[[str], object], text: str, runs: int) -> float:
    best = math.inf
    for _ in range(runs):
        begun = time.thread_time()
        read(text)
        best = min(best, time.thread_time() - begun)
    return best


def growth(read: Callable[[str], object], short: str, long: str) -> float:
    """By how much the time grows for each of the two doublings, at best of several."""
    if seconds(read, long, 1) < FAST:
        return 1.0
    return min(math.sqrt(seconds(read, long, 2) / max(seconds(read, short, 3), 1e-9)) for _ in range(3))


@pytest.mark.parametrize("name", READERS)
def test_twice_the_text_takes_at_most_little_more_than_twice_the_time(name):
    read = READERS[name]
    for unit in UNITS:
        try:
            grows = growth(read, hostile(unit, SHORT), hostile(unit, LONG))
        except (InvalidArgument, ValueError):  # refused: nothing is read
            continue
        assert grows <= MOST_GROWTH, (unit, grows)
