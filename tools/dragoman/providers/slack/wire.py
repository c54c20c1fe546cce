"""What Slack sends; nothing of it is insisted on. Objects of many forms stay plain JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from dragoman.core.json_fields import JsonObject
from dragoman.providers.kit.wire import Flag, Maybe, Several, Text, WireModel

Object: TypeAlias = dict[str, object]

_TS: Final = re.compile(r"([0-9]{10})\.?([0-9]{6})")


class Onward(WireModel):
    """Where a list goes on; an empty cursor is its end."""

    next_cursor: Text = None


class History(WireModel):
    """A part of a conversation or thread."""

    messages: Several[Object] = ()
    has_more: Flag = None
    response_metadata: Maybe[Onward] = None

    @property
    def cursor(self) -> str | None:
        """The cursor of the next part."""
        return (self.response_metadata.next_cursor or None) if self.response_metadata else None

    @property
    def entries(self) -> Sequence[Object]:
        """The messages, as lists name what they hold."""
        return self.messages

    @property
    def more(self) -> bool:
        """Whether there are more messages than these."""
        return bool(self.has_more or self.cursor)


def ts_of(value: object) -> str:
    """An id of a message in its one form, also from a number or without its point; empty when it is none."""
    text = f"{value:.6f}" if isinstance(value, float) else str(value)
    found = _TS.fullmatch(text)
    return f"{found[1]}.{found[2]}" if found else ""


def time_of(ts: str) -> int:
    """When a message was sent, in microseconds since 1970; 0 for what is no id."""
    return int(found[1] + found[2]) if (found := _TS.fullmatch(ts)) else 0


def ts_at(microseconds: int) -> str:
    """The id that a message of that time has."""
    return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"


def root_of(message: JsonObject) -> str | None:
    """The id of the message that one answers."""
    root = ts_of(message.get("thread_ts"))
    return root if root and root != ts_of(message.get("ts")) else None
