"""Messages in both orders, out of lists whose order is the service's secret.

Datagrid lists the messages of a conversation in one order, does not say which, and cannot turn it round.
The order is found out from the times of a page. What lies at the list's beginning is one call away; to
begin at its other end the list is walked through once, and where that end lies is remembered.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from dragoman.core.context import progress
from dragoman.core.errors import DeadlineExceeded, InvalidArgument, NotFound
from dragoman.core.model import Order
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.api import PAGE, Api
from dragoman.providers.datagrid.cursors import Step, foreign
from dragoman.providers.datagrid.mapping import AGENT, USER, moment

MOST_PAGES: Final = 300
"""Pages that one call walks through to reach the far end of a conversation."""

_REMEMBERED: Final = 500
_MOST_UNDECIDED: Final = 5
_MOST_NEWS: Final = 5
_FEW: Final = 20


@dataclass(frozen=True, slots=True)
class Lie:
    """How a conversation lies in the service's list, as far as it was seen.

    Attributes:
        ascending: Whether the oldest message comes first; ``None`` while its times do not tell.
        head: Id of the list's first message when it was last seen.
        anchor: Id of a message near the end of the list, from where the end is found.
    """

    ascending: bool | None = None
    head: str | None = None
    anchor: str | None = None

    @property
    def lasting_head(self) -> str | None:
        """The head, unless newer messages may lie before it by now."""
        return self.head if self.ascending else None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some messages, oldest first, and where they go on."""

    messages: Sequence[wire.Message] = ()
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest message at some moment; ``newest`` is ``None`` when there was none."""

    newest: str | None
    ascending: bool | None


class Reader:
    """Reads the messages of one account's conversations, and remembers how they lie."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lies: OrderedDict[str, Lie] = OrderedDict()
        self._usual: bool | None = None

    async def read(self, conversation: str, order: Order, *, size: int, wish: int, cursor: str | None) -> Stretch:
        """One page.

        Args:
            conversation: Its id.
            order: Where reading begins.
            size: Messages to ask the service for at once.
            wish: Messages that are wanted, where more of them were read.
            cursor: Of the page before.

        Raises:
            InvalidArgument: The cursor is not of this list.
            DeadlineExceeded: The far end of the conversation is too far away; the next call goes on to it.
        """
        if cursor is None:
            return await self._first(conversation, order, size, wish)
        step = Step.read(cursor)
        if (step.after is not None) != _native(step.ascending, order):
            raise foreign()
        return await (self._onward(conversation, step, size) if step.after else self._back(conversation, step, size))

    def step_after(self, conversation: str, message: str, order: Order) -> Step | None:
        """Where a list goes on after a message; ``None`` while the list's order is not known."""
        lie = self._lies.get(conversation, Lie())
        if lie.ascending is None:
            return None
        if _native(lie.ascending, order):
            return Step(lie.ascending, after=message)
        return Step(lie.ascending, before=message, head=lie.lasting_head)

    async def mark(self, conversation: str) -> Mark:
        """The newest message there is now."""
        stretch = await self._first(conversation, Order.LATEST, _FEW, _FEW)
        newest = stretch.messages[-1].id if stretch.messages else None
        return Mark(newest, self._lies.get(conversation, Lie()).ascending)

    async def news(self, conversation: str, mark: Mark) -> list[wire.Message]:
        """What came after a mark, oldest first."""
        if mark.newest is None:
            return list((await self._first(conversation, Order.LATEST, PAGE, PAGE)).messages)
        found: list[wire.Message] = []
        if mark.ascending is not False:
            step: Step | None = Step(ascending=True, after=mark.newest)
            for _ in range(_MOST_NEWS):
                if step is None:
                    break
                stretch = await self._onward(conversation, step, PAGE)
                found, step = [*found, *stretch.messages], stretch.step
        if mark.ascending is False or (mark.ascending is None and not found):
            step = Step(ascending=False, before=mark.newest)
            found = list((await self._back(conversation, step, PAGE)).messages)
        return found

    async def _first(self, conversation: str, order: Order, size: int, wish: int) -> Stretch:
        """The first page. When the wanted end is the list's far one, the list is walked through."""
        lie = self._lies.get(conversation, Lie())
        if lie.ascending is not None and lie.anchor and not _native(lie.ascending, order):
            known = await self._from_anchor(conversation, lie, lie.anchor, wish)
            if known is not None:
                return known
        size = size if self._usual is None or _native(self._usual, order) else PAGE
        items, more = await self._top(conversation, size)
        if not items:
            return Stretch()
        lie = self._learn(conversation, items)
        ascending = self._assumed(lie)
        if _native(ascending, order):
            return Stretch(_upright(items, ascending), Step(ascending, after=items[-1].id) if more else None)
        end = await self._to_end(conversation, items, wish, more=more)
        return _last(end, ascending, items[0].id)

    async def _top(self, conversation: str, size: int) -> tuple[list[wire.Message], bool]:
        """The beginning of the list, as much as is needed to see its order, and whether it goes on."""
        listing = await self._api.messages(conversation, limit=size)
        items, more = _fresh(listing, None), listing.goes_on(size)
        for _ in range(_MOST_UNDECIDED):
            if not (items and more) or direction(items) is not None or self._usual is not None:
                break
            listing = await self._api.messages(conversation, limit=PAGE, after=items[-1].id)
            fresh = _fresh(listing, items[-1].id)
            items, more = [*items, *fresh], bool(fresh) and listing.goes_on(PAGE)
        return items, more

    async def _from_anchor(self, conversation: str, lie: Lie, anchor: str, wish: int) -> Stretch | None:
        """The far end, from where it was last; ``None`` when that place is gone."""
        items, more = list[wire.Message](), False
        try:
            listing = await self._api.messages(conversation, limit=PAGE, after=anchor)
            items, more = _fresh(listing, anchor), listing.goes_on(PAGE)
        except (InvalidArgument, NotFound):
            pass  # what is wrong with the conversation itself shows at its beginning
        if not items:
            self._remember(conversation, replace(lie, anchor=None))
            return None
        end = await self._to_end(conversation, items, wish, more=more)
        return _last(end, lie.ascending is not False, lie.lasting_head)

    async def _to_end(
        self, conversation: str, items: list[wire.Message], wish: int, *, more: bool
    ) -> Sequence[wire.Message]:
        """Walk on to the end of the list; the last ``wish`` messages of it."""
        kept, passed = deque(items, maxlen=wish), len(items)
        for number in range(MOST_PAGES):
            if not more:
                return kept
            last = kept[-1].id
            listing = await self._api.messages(conversation, limit=PAGE, after=last)
            fresh = _fresh(listing, last)
            more = bool(fresh) and listing.goes_on(PAGE)
            if fresh:
                self._remember(conversation, replace(self._lies.get(conversation, Lie()), anchor=last))
            kept.extend(fresh)
            passed += len(fresh)
            await progress.report(number + 1, f"{passed} messages passed on the way through the conversation")
        raise DeadlineExceeded(
            "The conversation is so long that its other end was not reached.",
            hint="Repeat the call, which goes on from there, or read in the other order.",
        )

    async def _onward(self, conversation: str, step: Step, size: int) -> Stretch:
        """A page in the direction of the list."""
        listing = await self._api.messages(conversation, limit=size, after=step.after)
        items = _fresh(listing, step.after)
        more = bool(items) and listing.goes_on(min(size, PAGE))
        return Stretch(_upright(items, step.ascending), replace(step, after=items[-1].id) if more else None)

    async def _back(self, conversation: str, step: Step, size: int) -> Stretch:
        """A page against the direction of the list.

        What ``has_more`` means here is not documented, so the end is the list's head or an empty page.
        """
        listing = await self._api.messages(conversation, limit=size, before=step.before)
        items = _fresh(listing, step.before)
        ended = not items or any(one.id == step.head for one in items)
        return Stretch(_upright(items, step.ascending), None if ended else replace(step, before=items[0].id))

    def _learn(self, conversation: str, items: Sequence[wire.Message]) -> Lie:
        """Note what the beginning of a list shows."""
        found = direction(items)
        if found is not None:
            self._usual = found
        before = self._lies.get(conversation, Lie())
        ascending = before.ascending if found is None else found
        return self._remember(conversation, replace(before, ascending=ascending, head=items[0].id))

    def _assumed(self, lie: Lie) -> bool:
        """The order to go by: the list's own, else that of other lists, else oldest first."""
        if lie.ascending is not None:
            return lie.ascending
        return self._usual is not False

    def _remember(self, conversation: str, lie: Lie) -> Lie:
        self._lies[conversation] = lie
        self._lies.move_to_end(conversation)
        while len(self._lies) > _REMEMBERED:
            self._lies.popitem(last=False)
        return lie


def direction(messages: Sequence[wire.Message]) -> bool | None:
    """Whether the oldest of these comes first, ``False`` when it is the newest; ``None`` when that cannot be told.

    By their times; where all are equal, a question comes before its answer.
    """
    times = [at for one in messages if (at := moment(one.created_at)) is not None]
    votes = sum((a < b) - (a > b) for a, b in pairwise(times))
    if not votes and times and times[0] != times[-1]:
        votes = 1 if times[0] < times[-1] else -1
    if votes:
        return votes > 0
    ends = tuple((messages[at].role or "").lower() for at in (0, -1)) if messages else ()
    return {(USER, AGENT): True, (AGENT, USER): False}.get((ends[0], ends[1])) if ends else None


def _last(end: Sequence[wire.Message], ascending: bool, head: str | None) -> Stretch:  # noqa: FBT001 - see Lie
    """The end of a list as a page; going on leads back to the head."""
    first = end[0].id
    step = None if first == head else Step(ascending, before=first, head=head)
    return Stretch(_upright(list(end), ascending), step)


def _native(ascending: bool, order: Order) -> bool:  # noqa: FBT001 - the two together are the question
    """Whether an order is that of the list."""
    return ascending is (order is Order.OLDEST)


def _upright(items: Sequence[wire.Message], ascending: bool) -> Sequence[wire.Message]:  # noqa: FBT001 - as above
    return items if ascending else items[::-1]


def _fresh(listing: wire.Listing[wire.Message], beside: str | None) -> list[wire.Message]:
    """The messages of a page that can be referred to, without the one it was asked to lie beside."""
    return [one for one in listing.data if one.id and one.id != beside]
