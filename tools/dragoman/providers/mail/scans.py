"""Pages out of something that is read on and on, such as the mails of several folders.

A scan is remembered between two pages. Without it, after a restart, what earlier pages gave is passed over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from dragoman.providers.kit.cache import LruCache, TtlCache
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.kit.listings import Key

if TYPE_CHECKING:
    from dragoman.providers.mail.imap_session import ImapSession

T = TypeVar("T")
R = TypeVar("R")

_SCANS: Final = 8
_PAGES: Final = 32
_TTL: Final = 120.0  # seconds for which a page is the same when it is asked for again


class Scan(Protocol[T]):
    """Something that is read on and on."""

    @property
    def ended(self) -> bool:
        """Nothing follows."""
        ...

    def read_on(self, session: ImapSession, limit: int) -> list[T]:
        """The next items, about as many as ``limit``; none at the end. After a failure it may be called again."""
        ...

    def pass_over(self, session: ImapSession, last: Key) -> None:
        """Go on after the item with this key."""
        ...

    def key(self, item: T) -> Key:
        """What tells where an item stands."""
        ...


@dataclass(frozen=True, slots=True)
class _Position:
    scan: str
    number: int
    last: Key


@dataclass(frozen=True, slots=True)
class Batch(Generic[R]):
    """Some items, and the cursor for what follows; ``None`` at the end."""

    items: list[R]
    cursor: str | None


class ScanPages(Generic[T, R]):
    """Gives the pages of scans.

    Args:
        run: Runs something with a connection.
    """

    def __init__(self, run: Callable[[Callable[[ImapSession], list[T]]], Awaitable[list[T]]]) -> None:
        self._run = run
        self._scans = LruCache[tuple[str, int], Scan[T]](_SCANS)
        self._pages = TtlCache[tuple[str, int], Batch[R]](_PAGES, _TTL)

    async def page(
        self,
        begin: Callable[[], Awaitable[Scan[T]]],
        show: Callable[[T], R],
        *,
        list_id: str,
        limit: int,
        cursor: str | None,
    ) -> Batch[R]:
        """The page at a cursor.

        Args:
            begin: Makes a scan that has read nothing.
            show: Makes of an item what is given and remembered; items may be large.
            list_id: The list that cursors belong to.
            limit: About how many items.
            cursor: From the page before.

        Raises:
            InvalidArgument: It is no cursor of this list.
        """
        position = decode(_Position, cursor, list_id=list_id) or _Position(token_hex(6), 0, Key(0, ""))
        place = position.scan, position.number
        known = self._pages.get(place)
        if known is not None:
            return known
        scan = self._scans.pop(place)
        lost = scan is None and position.number > 0
        scan = scan or await begin()
        items = await self._run(partial(_read, scan, limit, position.last if lost else None))
        following = position.number + 1
        shown = [show(item) for item in items]
        batch = Batch(shown, None)
        if items and not scan.ended:
            self._scans.put((position.scan, following), scan)
            batch = Batch(shown, encode(_Position(position.scan, following, scan.key(items[-1])), list_id=list_id))
        if position.number:
            self._pages.put(place, batch)
        return batch


def _read(scan: Scan[T], limit: int, after: Key | None, session: ImapSession) -> list[T]:
    if after is not None:
        scan.pass_over(session, after)
    return scan.read_on(session, limit)
