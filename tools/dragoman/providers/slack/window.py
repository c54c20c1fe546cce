"""Which messages belong to a page: their order, and the window of time that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dragoman.core.json_fields import JsonObject
from dragoman.core.model import Message, Order
from dragoman.core.queries import MessageQuery
from dragoman.providers.kit.listings import Key, key_of
from dragoman.providers.kit.times import parse_time, to_us
from dragoman.providers.slack.mapping import BROADCAST
from dragoman.providers.slack.people import KnownNames
from dragoman.providers.slack.wire import Object, ts_of

_BEFORE_SLACK: Final = 1_000_000_000_000_000  # microseconds; without a time Slack begins at the newest message
_LOOKED_BEHIND: Final = 100  # messages before a window of time, which may have been answered in it


def sort_key(message: Message) -> Key:
    """Replies are sorted under their root; what was also sent to the channel is sorted as such."""
    if message.reply_to is None or message.extra.get("subtype") == BROADCAST:
        return key_of(message.sent_at, message.id)
    return key_of(parse_time(message.reply_to), f"{message.reply_to} {message.id}")


def start_of(query: MessageQuery, order: Order) -> int | None:
    """Where reading begins, in microseconds; ``None`` at the newest message."""
    if order is Order.OLDEST:
        return _BEFORE_SLACK if query.since is None else to_us(query.since)
    return None if query.until is None else to_us(query.until) - 1


def is_within(query: MessageQuery, message: Message) -> bool:
    """Whether a message is in the window of time."""
    at = message.sent_at
    return at is None or ((query.since is None or at >= query.since) and (query.until is None or at < query.until))


def is_past(query: MessageQuery, order: Order, ordered: Sequence[Object]) -> bool:
    """Whether the other end of the window is reached: no later root is in it, or can have replies in it."""
    times = [at for one in ordered if (at := parse_time(ts_of(one.get("ts"))))]
    if order is Order.OLDEST:
        return query.until is not None and bool(times) and times[-1] >= query.until
    before = [at for at in times if query.since is not None and at < query.since]
    return len(before) >= max(1, min(_LOOKED_BEHIND, len(times) - 1))


def may_match(root: JsonObject, query: MessageQuery) -> bool:
    """Whether a reply can be in the window, because the newest one is not before it."""
    newest = parse_time(ts_of(root.get("latest_reply"))) if query.since else None
    return newest is None or query.since is None or newest >= query.since


def digest_of(names: KnownNames) -> int:
    """What tells names from others."""
    return hash((*names.users.values(), *names.bots.items(), *names.titles.items(), *names.groups.items()))
