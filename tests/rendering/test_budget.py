"""No answer costs more than ``max_tokens``, counted with the tokenizer itself, whatever its texts are made of."""

from __future__ import annotations

import base64
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rs_bpe.bpe import openai

from dragoman.core.model import Attachment, Author, Conversation, Hit, Message, Order, Reaction
from dragoman.rendering import ConversationsView, MessagesView, MessageView, SearchView, lay_out
from dragoman.rendering.budget import token_count

COUNT = openai.o200k_base().count
START = datetime(2026, 3, 10, tzinfo=UTC)
CURSORS = ["9qXVWCDQ", "-_-_-_-_", "zQxJ9vKq", "k3"]

WRITTEN = {
    "mathematics": [
        "\u22a5,", "\u2200x\u2208\u211d: \u2203y. ", "\u2211\u1d62\u208c\u2081\u207f \u03b1\u1d62 ",
        "\u27e8\u03c8|\u03c6\u27e9\u2260\u2205 ", "\U0001d49c\u2286\u212c ",
    ],
    "romanised Farsi": ["salam khubi? ", "mikhastam begam ke ", "dastet dard nakone ", "chetori azizam, "],
    "paths": ["/usr/lib/x86_64-linux-gnu/libQt5Core.so.5.15.3\n", "C:\\Windows\\System32\\drivers\\etc "],
    "mount options": ["rw,nosuid,nodev,noexec,relatime,", "noatime,uid=1000,gid=1000,umask=0022 "],
    "nicks": ["xX_n1ghtw0lf_Xx, ", "zq3r0|away ", "[[`kthx`]] ", "@mrbl0w^ ", "l33t_h4xx0r\n"],
    "emoji": [
        "\U0001f469\U0001f3fd\u200d\U0001f4bb", "\U0001f3f3\ufe0f\u200d\U0001f308 ",
        "\U0001f1e9\U0001f1ea", "\U0001fae0\U0001fae1 ",
    ],
    "Chinese and Japanese": ["発射の時刻は木曜日です。", "我们明天再讨论这个问题", "龘靐齉爩 ", "ﾊﾝｶｸｶﾅ "],
    "code": ["if(!x){return~y>>>0;}\n", "λx.λy.x>>=\\z->z<$>y ", "#define __A__(x) (((x)<<3)|0x7f)\n", "\t\t\t}\n"],
    "spaces": ["a      b\n", "\n\n\n", " \t \t", "|   |   |\n"],
    "JSON": ['{"a":["\\u00e4",{"b":null}]}', '\\"\\\\"', "\"'\"'\"'"],
    "words": ["the launch window is Thursday ", "Donaudampfschifffahrtsgesellschaft ", "ok "],
}  # fmt: skip
KINDS = {
    **{name: st.sampled_from(units) for name, units in WRITTEN.items()},
    "base64": st.binary(min_size=10, max_size=40).map(lambda data: base64.b64encode(data).decode() + "\n"),
    "hexadecimal": st.binary(min_size=10, max_size=20).map(lambda data: data.hex(" ") + " "),
    "any script": st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=40),
    "rare scripts": st.text(st.characters(min_codepoint=0x0530, max_codepoint=0x1DFF), max_size=40),
}


@st.composite
def texts(draw):
    """A text of one kind, or of a mixture, long enough to matter."""
    kind = KINDS[draw(st.sampled_from(list(KINDS)))] if draw(st.booleans()) else st.one_of(*KINDS.values())
    unit = "".join(draw(st.lists(kind, min_size=1, max_size=4)))
    return (unit * draw(st.integers(1, 120)))[:4000]


def message(number, text, name="Ann"):
    return Message(
        id=f"m{number}",
        conversation="c",
        account="work",
        number=number,
        author=Author(name=name),
        sent_at=START + timedelta(minutes=number),
        text=text,
        subject=text[:80] or None,
        reactions=(Reaction(emoji=text[:8], count=2),),
        attachments=(Attachment(name=text[:60]),),
    )


@st.composite
def views(draw):
    bodies = draw(st.lists(texts(), min_size=1, max_size=4))
    messages = [message(at, bodies[at % len(bodies)], bodies[0][:30]) for at in range(draw(st.integers(1, 30)))]
    here = Conversation(id="c", account="work", title=bodies[0][:60], participants=(bodies[-1][:40],))
    return draw(
        st.sampled_from(
            [
                MessagesView(conversation=here, messages=messages, total=900, more=True, order=Order.LATEST),
                MessagesView(conversation=here, messages=messages, more=True, order=Order.OLDEST, notes=bodies[:1]),
                MessageView(conversation=here, message=messages[0], before=messages[1:3], after=messages[3:5]),
                SearchView(query="x", hits=[Hit(message=one) for one in messages], more=True),
                ConversationsView(
                    conversations=[replace(here, id=f"c{n}{bodies[0][:30]}") for n in range(30)], more=True
                ),
            ]
        )
    )


@settings(max_examples=250, deadline=None)
@given(views(), st.sampled_from(["text", "json"]), st.sampled_from([200, 500, 3000]))
def test_no_answer_costs_more_than_it_may(view, form, most):
    layout = lay_out(view, form=form, max_tokens=most, zone=UTC)
    for cursor in CURSORS if layout.needs_cursor else [None]:
        assert COUNT(layout.answer(cursor).text) <= most


@pytest.mark.parametrize("form", ["text", "json"])
def test_lines_of_signs_that_were_underestimated_fit(form):
    messages = [message(at, "⊥," * 120) for at in range(200)]
    view = MessagesView(conversation=Conversation(id="c", account="work"), messages=messages, more=True)
    layout = lay_out(view, form=form, max_tokens=3000, zone=UTC)
    assert 2300 <= COUNT(layout.answer("9qXVWCDQ").text) <= 3000


@pytest.mark.parametrize(("form", "conversation"), [("text", "c-kiosk-firmware"), ("json", "c-rider-support")])
def test_ordinary_chat_loses_no_more_than_a_tenth_of_the_budget(corpus, form, conversation):
    about, messages = corpus[conversation]
    for most in (800, 1500):
        layout = lay_out(
            MessagesView(conversation=about, messages=messages, more=True), form=form, max_tokens=most, zone=UTC
        )
        longest = max(COUNT(one.text) for one in messages[-layout.shown - 1 :])
        assert layout.shown < len(messages)
        assert COUNT(layout.answer("k3").text) >= 0.9 * most - longest


EDGES = [
    "it's",
    "'\u017f",
    "IT'S",
    "a's't",
    "'re",
    "'LL",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\u2003",
    "\x85",
    "\xa0",
    "\x1c",
    "//",
    "=>",
]
EDGES += [
    "!?\n/",
    "\x01",
    "\x02",
    "\u00e9",
    "\u00c9",
    "\u6771",
    "\u00aa",
    "\u01c5",
    "\u0301",
    "12",
    "\uff14",
    "\u00bd",
    "Xy",
    "\u0628",
]


@settings(max_examples=300, deadline=None)
@given(
    texts()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
    | st.lists(st.sampled_from(EDGES), max_size=20).map("".join)
)
def test_tokens_are_counted_as_the_tokenizer_does(text):
    assert token_count.count(text) == COUNT(text)


def test_the_vocabulary_is_the_tokenizers():
    decode = openai.o200k_base().bpe().decode_tokens
    ranks = token_count._ranks()
    every = [bytes(decode([rank])) for rank in range(199_998)]
    assert list(ranks) == [token for token in every if len(token) > 1]


def test_a_short_answer_needs_no_vocabulary():
    program = """
import sys
from datetime import UTC
from dragoman.core.model import Author, Conversation, Message
from dragoman.rendering import MessagesView, lay_out
one = Message(id="m", conversation="c", account="a", number=1, author=Author(name="Ann"), sent_at=None, text="Hello")
view = MessagesView(conversation=Conversation(id="c", account="a"), messages=[one] * 20)
lay_out(view, form="text", max_tokens=3000, zone=UTC)
print("dragoman.rendering.budget.token_count" in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"
