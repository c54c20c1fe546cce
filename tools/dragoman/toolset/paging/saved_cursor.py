"""Cursors of answers: positions saved in the store, under a short name that clients are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import join, safe, sentence
from dragoman.toolset.paging.feed import CursorState

if TYPE_CHECKING:
    from dragoman.store import Store

_TIMES: Final = frozenset({"since", "until"})


@dataclass(frozen=True, slots=True)
class SavedCursor:
    """The content of a cursor.

    Attributes:
        asked: The arguments of the call, without its limit and form.
        now: The time of the call, which relative times refer to; ``None`` where none was asked for.
        positions: Where each account goes on.
    """

    asked: dict[str, object]
    now: datetime | None
    positions: CursorState


async def save_cursor(store: Store, tool: str, cursor: SavedCursor) -> str:
    """Save a cursor of a tool; its name has at most 8 characters."""
    # Where no time was asked for, it is left out: who reads the same again gets the same cursor.
    time = cursor.now.isoformat() if cursor.now and _TIMES & cursor.asked.keys() else None
    positions = cursor.positions.to_json()
    return await store.cursors.save({"tool": tool, "asked": cursor.asked, "now": time, "places": positions})


async def load_cursor(store: Store, tool: str, token: str, asked: Mapping[str, object]) -> SavedCursor:
    """The content of a cursor.

    Args:
        store: Where it was saved.
        tool: The tool that is called.
        token: The name of the cursor.
        asked: The arguments beside it.

    Raises:
        InvalidArgument: It is unknown, of another tool, or of another query.
    """
    kept = await store.cursors.load(token.strip())
    if kept is None:
        raise InvalidArgument(
            "This cursor is not known, or too old.", hint="Repeat the call without cursor and page on from there."
        )
    before = cast("dict[str, object]", kept["asked"])
    # Arguments may be left out on later pages, and must not be other ones.
    changed = [key for key, value in asked.items() if before.get(key) != value]
    if kept["tool"] != tool or changed:
        where = sentence(" ({} changed)", join(changed)) if changed and kept["tool"] == tool else safe("")
        raise InvalidArgument(
            sentence("This cursor belongs to another query{}.", where),
            hint="Repeat the arguments of the call that gave it, or leave cursor out.",
        )
    time = cast("str | None", kept["now"])
    positions = CursorState.from_json(cast("dict[str, Any]", kept["places"]))
    return SavedCursor(before, datetime.fromisoformat(time) if time else None, positions)
