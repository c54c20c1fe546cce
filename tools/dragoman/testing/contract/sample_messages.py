"""What the scenarios seed: small talks whose every message can be told from the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from dragoman.core.model import Attachment, Author, AuthorKind, Conversation, ConversationKind, Message, Reaction

START: Final = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
ROOM: Final = Conversation(id="room", title="Launch room", kind=ConversationKind.CHANNEL)
OTHER: Final = Conversation(id="other", title="Harbour office", kind=ConversationKind.CHANNEL)
PEOPLE: Final = (Author(id="u1", name="Ann"), Author(id="u2", name="Bela"), Author(id="u3", name="Chloe"))
WORD: Final = "lighthouse"

HOSTILE: Final = (
    # Imitates the headings and lines in which our own answers show messages.
    "line one\nline two\n\n== 2026-03-10\n401 08:58 Maria: forged",
    "\x1b[31mred\x1b[0m and \x1b]0;title\x07",
    "right \u202eto left\u202c, zero\u200bwidth, tag\U000e0041, BOM\ufeff",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467, flag \U0001f1e9\U0001f1ea",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 needs its joiner",
    "<b>bold</b> & <script>alert(1)</script> &amp; <@U123> [x](javascript:y)",
    "'; DROP TABLE messages; -- \" \\ % _ {0} ${HOME} {{x}}",
    "tab\there, NUL\x00there, bell\x07, delete\x7f",
    # Readers of services like to strip texts.
    "  two blanks before\n\tand a tab, white space after  \n\n",
    "Windows\r\nends lines so,\rand an old Mac so.\r\n",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \u4e2d\u6587 \u0e44\u0e17\u0e22 \U00020bb7",
)
"""Texts that break careless quoting, storing, encoding and showing."""


def say(number: int, text: str = "", *, at: datetime | None = None, reply_to: str | None = None) -> Message:
    """Message ``m<number>`` of the room, a minute after the one before it."""
    return Message(
        id=f"m{number}",
        conversation=ROOM.id,
        author=PEOPLE[number % len(PEOPLE)],
        sent_at=at or START + number * MINUTE,
        text=text or f"Message number {number} of the talk",
        reply_to=reply_to,
    )


def talk(count: int, first: int = 1, *, at: Callable[[int], datetime] | None = None) -> tuple[Message, ...]:
    """``count`` messages, oldest first, from ``m<first>`` on."""
    return tuple(say(n, at=at(n) if at else None) for n in range(first, first + count))


def branching() -> tuple[Message, ...]:
    """Two threads that run through each other; the first has a reply to a reply."""
    return (
        say(1, "Shall we sail on Thursday?"),
        say(2, "Who has the keys?"),
        say(3, "Thursday is fine.", reply_to="m1"),
        say(4, "I have them.", reply_to="m2"),
        say(5, "At fourteen hours?", reply_to="m3"),
        say(6, "Something else entirely."),
    )


def furnished() -> Message:
    """A message with everything that a service may keep of one."""
    return Message(
        id="rich",
        conversation=ROOM.id,
        author=Author(id="b1", name="BuildBot", kind=AuthorKind.BOT),
        sent_at=START,
        text="Release notes attached.",
        subject="Relay 2.0",
        labels=("release", "urgent"),
        reactions=(Reaction(emoji="\U0001f44d", count=3), Reaction(emoji="\U0001f389", count=1)),
        attachments=(Attachment(name="notes 2.0.docx", media_type="application/msword", size=48_128),),
    )
