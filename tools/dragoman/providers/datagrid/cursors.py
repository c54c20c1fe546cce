"""Places in lists, written down as the opaque cursors that a provider gives away and takes back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, cast

from dragoman.core.errors import InvalidArgument

_LONGEST: Final = 65_536
_LONGEST_ID: Final = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """Where a list of messages goes on.

    Attributes:
        ascending: Whether the service lists the oldest message first, as it was found to do.
        after: Id of the message after which the service's list goes on.
        before: Id of the message before which it does; exactly one of the two is set.
        head: For ``before``: the first id of the service's list, where going on ends.
    """

    ascending: bool
    after: str | None = None
    before: str | None = None
    head: str | None = None

    def write(self) -> str:
        """As a cursor."""
        return _write({"o": int(self.ascending), "a": self.after, "b": self.before, "h": self.head})

    @classmethod
    def read(cls, cursor: str) -> Step:
        """Back from a cursor.

        Raises:
            InvalidArgument: It is none of ours.
        """
        found = _read(cursor, "oabh")
        after, before, head = (_id(found.get(name)) for name in "abh")
        if found.get("o") not in (0, 1) or (after is None) == (before is None):
            raise foreign()
        return cls(found["o"] == 1, after, before, head)


@dataclass(frozen=True, slots=True)
class Round:
    """Where a list of conversations goes on.

    Attributes:
        seen: Marks of the conversations that were given already.
        after: Id of the conversation after which it goes on, ``None`` for the top.
        again: Whether the end was reached and the top is looked at once more.
    """

    seen: tuple[str, ...] = ()
    after: str | None = None
    again: bool = False

    def write(self) -> str:
        """As a cursor."""
        return _write({"s": " ".join(self.seen), "a": self.after, "r": int(self.again)})

    @classmethod
    def read(cls, cursor: str) -> Round:
        """Back from a cursor.

        Raises:
            InvalidArgument: It is none of ours.
        """
        found = _read(cursor, "sar")
        seen = found.get("s")
        if not isinstance(seen, str) or found.get("r") not in (0, 1):
            raise foreign()
        return cls(tuple(seen.split()), _id(found.get("a")), found["r"] == 1)


def foreign() -> InvalidArgument:
    """The error for a cursor that belongs elsewhere."""
    return InvalidArgument("This cursor does not belong to this list.", hint="Repeat the call without cursor.")


def _write(members: dict[str, str | int | None]) -> str:
    kept = {name: value for name, value in members.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _read(cursor: str, names: str) -> dict[str, object]:
    try:
        found: object = json.loads(cursor) if len(cursor) <= _LONGEST else None
    except (ValueError, RecursionError):
        raise foreign() from None
    if not isinstance(found, dict):
        raise foreign()
    members = cast("dict[str, object]", found)
    if not members.keys() <= set(names):
        raise foreign()
    return members


def _id(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        raise foreign()
    return value
