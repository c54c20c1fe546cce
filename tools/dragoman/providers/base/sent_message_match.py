"""Whether two texts are the same after a service has stored one of them, and which message is the one that was sent."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Final

from dragoman.core.model import AuthorKind, Message, Page
from dragoman.core.queries import Draft, MessageQuery

CLOCKS_DIFFER: Final = timedelta(seconds=60)
"""The lag of a service's clock behind ours."""

# A busy conversation may have gone on for long; what lies further back stays in doubt.
_PAGES_LOOKED_AT: Final = 5
_MARKUP: Final = str.maketrans("", "", "*_~`\\#>")


def same_text(one: str, other: str) -> bool:
    """Whether two texts differ only in white space and marks of Markdown, which services rewrite."""
    return one == other or words(one) == words(other)


def words(text: str) -> list[str]:
    """The words of a text without the marks of Markdown."""
    return unicodedata.normalize("NFC", text).translate(_MARKUP).split()


def originally_said(message: Message, text: str) -> bool:
    """Whether a message had that text when it was written."""
    # An edited message without history tells nothing about its original text.
    if message.edited_at is not None and not message.history:
        return False
    return same_text(message.history[0].text if message.history else message.text, text)


def marker_of(draft: Draft) -> str:
    """A public marker of a message: a digest that gives nothing away."""
    text = "\n".join((draft.idempotency_key or "", draft.reply_to or "", draft.text))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


async def newest_since(
    list_messages: Callable[[MessageQuery], Awaitable[Page[Message]]], early: datetime
) -> list[Message]:
    """The messages of a conversation since a time, oldest first, as far as a few pages reach back."""
    query = MessageQuery(since=early)
    found: list[Message] = []
    for _ in range(_PAGES_LOOKED_AT):
        page = await list_messages(query)
        found = [*page.items, *found]
        times = [one.sent_at for one in page.items if one.sent_at is not None]
        if page.cursor is None or (times and min(times) < early):
            break
        query = replace(query, cursor=page.cursor)
    return found


def match_sent_message(
    messages: Sequence[Message],
    text: str,
    reply_to: str | None,
    since: datetime,
    known: Collection[str],
    ours: Callable[[Message], bool],
) -> Message | None:
    """The message among others, oldest to newest, that came of sending a text.

    Args:
        messages: Of the conversation.
        text: What was sent.
        reply_to: What it was to answer.
        since: When sending began, by this machine's clock; the first after it counts, or else the last before it.
        known: Ids of messages that came of other writes: of what was sent, or of the assistants' answers to it.
        ours: May a message have come of sending, by who wrote it.
    """
    early = since - CLOCKS_DIFFER
    # An answer that another write is known by belongs to the message before it, so that one is taken too.
    answered = {one.id for one, after in pairwise(messages) if after.id in known and _answers(after)}
    spoken_for = answered.union(known)
    alike = [one for one in messages if one.id not in spoken_for and ours(one) and _is(one, text, reply_to, early)]
    # Many services tell times in whole seconds.
    begun = since.replace(microsecond=0)
    after = [one for one in alike if one.sent_at is None or one.sent_at >= begun]
    # Before the beginning lie only messages of a clock that lags; the last of them is the nearest.
    return after[0] if after else alike[-1] if alike else None


def _answers(message: Message) -> bool:
    return message.author.kind is AuthorKind.ASSISTANT


def _is(message: Message, text: str, reply_to: str | None, early: datetime) -> bool:
    in_time = message.sent_at is None or message.sent_at >= early
    elsewhere = None not in (reply_to, message.reply_to) and reply_to != message.reply_to
    return in_time and message.deleted_at is None and not elsewhere and originally_said(message, text)
