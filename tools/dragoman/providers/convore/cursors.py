"""Places in lists, written down as the opaque cursors that a provider gives away and takes back."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, TypeAlias, cast

from dragoman.core.errors import InvalidArgument

Key: TypeAlias = tuple[datetime, str]
"""What lists are sorted by: the moment, then the id."""

_LONGEST: Final = 262_144


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sorted list goes on.

    Attributes:
        after: What was given last; ``None`` when nothing of this stretch was.
        start: The service's cursor at which reading begins; ``None`` for the top of its list.
        sure: The service's list was seen to be in the wanted order, so what lies before ``start`` is done with.
        seen: Marks of what the stretch before ended with, in case the service gives it again.
    """

    after: Key | None = None
    start: str | None = None
    sure: bool = False
    seen: tuple[str, ...] = ()

    def write(self) -> str:
        """As a cursor."""
        members: dict[str, object] = {"r": int(self.sure)}
        if self.after is not None:
            members |= {"t": self.after[0].isoformat(), "i": self.after[1]}
        if self.start is not None:
            members["s"] = self.start
        if self.seen:
            members["m"] = " ".join(self.seen)
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, cursor: str | None) -> Place:
        """Back from a cursor; ``None`` is the beginning.

        Raises:
            InvalidArgument: It is none of ours.
        """
        if cursor is None:
            return cls()
        members = _members(cursor)
        texts = {name: _text(members.get(name)) for name in "tism"}
        at, identifier = texts["t"], texts["i"]
        if members.get("r") not in (0, 1) or (at is None) != (identifier is None):
            raise _foreign()
        after = None if at is None or identifier is None else (_moment(at), identifier)
        if after is None and texts["s"] is None:
            raise _foreign()
        return cls(after, texts["s"], members["r"] == 1, tuple((texts["m"] or "").split()))


def mark_of(identifier: str) -> str:
    """A short mark that no other id is likely to have: 48 bits of a hash."""
    digest = blake2b(identifier.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return urlsafe_b64encode(digest).decode()


def _foreign() -> InvalidArgument:
    return InvalidArgument("This cursor does not belong to this list.", hint="Repeat the call without cursor.")


def _members(cursor: str) -> dict[str, object]:
    try:
        found: object = json.loads(cursor) if len(cursor) <= _LONGEST else None
    except (ValueError, RecursionError):
        raise _foreign() from None
    if not isinstance(found, dict):
        raise _foreign()
    members = cast("dict[str, object]", found)
    if not members.keys() <= set("rtism"):
        raise _foreign()
    return members


def _text(value: object) -> str | None:
    if value is not None and not (isinstance(value, str) and value):
        raise _foreign()
    return value


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _foreign() from None
