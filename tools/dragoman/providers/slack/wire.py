"""What Slack sends; nothing of it is insisted on. Objects of many forms stay plain JSON."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from pydantic import AliasPath, Field

from dragoman.core.json_fields import JsonObject, text_of
from dragoman.core.permalinks import read_link
from dragoman.providers.kit.wire import Flag, Several, Text, WireModel

Object: TypeAlias = dict[str, object]

_TS: Final = re.compile(r"([0-9]{10})\.?([0-9]{6})")


class History(WireModel):
    """A part of a conversation or thread; an empty cursor is the end."""

    entries: Several[Object] = Field(default=(), validation_alias="messages")
    has_more: Flag = None
    cursor: Text = Field(default=None, validation_alias=AliasPath("response_metadata", "next_cursor"))

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


def root_of(message: JsonObject) -> str:
    """The id of the message that one answers, which of a hit only the link may tell; empty for none."""
    link = read_link(text_of(message, "permalink")) if "permalink" in message else None
    root = ts_of(message.get("thread_ts")) or (link.thread if link else "")
    return root if root != ts_of(message.get("ts")) else ""
