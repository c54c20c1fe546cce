"""Lists the messages of a conversation in both orders.

Datagrid lists them in one order, does not say which, and cannot turn it round. The order is found out from the times
of a page. What stands at the list's beginning is one call away. To begin at its other end the list is walked through
once, and where that end lies is remembered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Final, TypeAlias

from dragoman.core.context import progress
from dragoman.core.errors import DeadlineExceeded, InvalidArgument, NotFound
from dragoman.core.model import Order
from dragoman.core.times import parse_time
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.api import PAGE, Api
from dragoman.providers.datagrid.mapping import AGENT, USER
from dragoman.providers.kit.cache import LruCache
from dragoman.providers.kit.cursor import decode, encode
from dragoman.providers.kit.listings import BOTH, Batch, Key, Listing, tokens

MOST_PAGES: Final = 300
"""Pages that one call walks through to reach the far end of a conversation."""

_REMEMBERED: Final = 500
# Pages that are read on to see an order: messages with equal times show none.
_MOST_UNDECIDED: Final = 5
_MOST_NEW_PAGES: Final = 5
_FEW: Final = 20


@dataclass(frozen=True, slots=True)
class ListOrder:
    """The order in which the service lists a conversation, as far as it was seen.

    ``ascending``: the oldest message is first; ``None`` while times do not tell. ``head`` is the id of the first
    message, and ``anchor`` one near the end, from where the end is found.
    """

    ascending: bool | None = None
    head: str | None = None
    anchor: str | None = None

    @property
    def lasting_head(self) -> str | None:
        """The head, unless newer messages may stand before it by now."""
        return self.head if self.ascending else None


@dataclass(frozen=True, slots=True)
class Step:
    """A position in a list: beside a message, along the service's list (``forward``) or against it.

    Going back, the list ends at the id ``head``. ``ascending``: the service lists the oldest message first.
    """

    ascending: bool
    beside: str
    forward: bool = True
    head: str | None = None


Read: TypeAlias = tuple[Sequence[wire.Message], Step | None]
"""Some messages, oldest first, and where they go on."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest message at some time; ``id`` is ``None`` when there was none."""

    id: str | None = None
    ascending: bool | None = None


class MessageReader:
    """Reads the messages of one account's conversations, and remembers how the service lists them."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._orders = LruCache[str, ListOrder](_REMEMBERED)
        self._usual: bool | None = None

    def listing(self, conversation: str, order: Order, wish: int = PAGE) -> Listing[wire.Message]:
        """A conversation's messages for the pager, ``wish`` of them at once.

        The order is the service's: of equal times, a question stands before its answer.
        """
        ascending = self._order_of(conversation).ascending
        token_at = None if ascending is None else partial(self._token_at, conversation, order)
        fetch = partial(self._fetch, conversation, wish)
        return tokens(fetch, BOTH, stable=True, by_time=False, token_at=token_at)

    async def newest(self, conversation: str) -> Newest:
        """The newest message there is now."""
        messages, _ = await self._first(conversation, Order.LATEST, _FEW)
        return Newest(messages[-1].id if messages else None, self._order_of(conversation).ascending)

    async def messages_since(self, conversation: str, newest: Newest) -> list[wire.Message]:
        """The messages after one, oldest first."""
        # The conversation was empty, so everything in it is new.
        if newest.id is None:
            return list((await self._first(conversation, Order.LATEST, PAGE))[0])
        found: list[wire.Message] = []
        if newest.ascending is not False:
            step: Step | None = Step(ascending=True, beside=newest.id)
            for _ in range(_MOST_NEW_PAGES):
                if step is None:
                    break
                messages, step = await self._forward(conversation, step, PAGE)
                found = [*found, *messages]
        # Of a list in an unknown order the messages after one can lie on either side of it.
        if newest.ascending is False or (newest.ascending is None and not found):
            step = Step(ascending=False, beside=newest.id, forward=False)
            found = list((await self._back(conversation, step, PAGE))[0])
        return found

    async def _fetch(self, conversation: str, wish: int, order: Order, token: str | None) -> Batch[wire.Message]:
        step = decode(Step, token, list_id=conversation)
        if step is None:
            messages, following = await self._first(conversation, order, wish)
        else:
            read = self._forward if step.forward else self._back
            messages, following = await read(conversation, step, min(wish, PAGE))
        # The position is the service's list, which no clock of ours can tell.
        onward = None if following is None else encode(following, list_id=conversation)
        return Batch(messages if order is Order.OLDEST else messages[::-1], onward)

    def _token_at(self, conversation: str, order: Order, key: Key) -> str:
        found = self._order_of(conversation)
        forward = _is_list_order(found.ascending is not False, order)
        step = Step(found.ascending is not False, key.id, forward, None if forward else found.lasting_head)
        return encode(step, list_id=conversation)

    async def _first(self, conversation: str, order: Order, wish: int) -> Read:
        """The first messages in an order. When they are at the list's far end, it is read through up to there."""
        known = self._order_of(conversation)
        if known.ascending is not None and known.anchor and not _is_list_order(known.ascending, order):
            end = await self._from_anchor(conversation, known, known.anchor, wish)
            if end is not None:
                return end
        # A list that has probably to be walked through is read in the largest pages.
        size = min(wish, PAGE) if self._usual is None or _is_list_order(self._usual, order) else PAGE
        items, more = await self._top(conversation, size)
        if not items:
            return (), None
        ascending = self._assumed(self._learn(conversation, items))
        if _is_list_order(ascending, order):
            return _oldest_first(items, ascending), Step(ascending, items[-1].id or "") if more else None
        last = await self._to_end(conversation, items, wish, more=more)
        return _end_of_list(last, ascending, items[0].id)

    async def _top(self, conversation: str, size: int) -> tuple[list[wire.Message], bool]:
        """The beginning of the list, as much as is needed to see its order, and whether it goes on."""
        listing = await self._api.messages(conversation, limit=size)
        items, more = _new_messages(listing, None), listing.goes_on(size)
        for _ in range(_MOST_UNDECIDED):
            if not (items and more) or direction(items) is not None or self._usual is not None:
                break
            listing = await self._api.messages(conversation, limit=PAGE, after=items[-1].id)
            new = _new_messages(listing, items[-1].id)
            items, more = [*items, *new], bool(new) and listing.goes_on(PAGE)
        return items, more

    async def _from_anchor(self, conversation: str, known: ListOrder, anchor: str, wish: int) -> Read | None:
        """The far end, from where it was last; ``None`` when that place is gone."""
        items, more = list[wire.Message](), False
        try:
            listing = await self._api.messages(conversation, limit=PAGE, after=anchor)
            items, more = _new_messages(listing, anchor), listing.goes_on(PAGE)
        except (InvalidArgument, NotFound):
            pass  # what is wrong with the conversation itself shows at its beginning
        if not items:
            self._orders.put(conversation, replace(known, anchor=None))
            return None
        last = await self._to_end(conversation, items, wish, more=more)
        return _end_of_list(last, known.ascending is not False, known.lasting_head)

    async def _to_end(
        self, conversation: str, items: list[wire.Message], wish: int, *, more: bool
    ) -> Sequence[wire.Message]:
        """Walk on to the end of the list; the last ``wish`` messages of it."""
        found, passed = deque(items, maxlen=wish), len(items)
        for number in range(MOST_PAGES):
            if not more:
                return found
            last = found[-1].id
            listing = await self._api.messages(conversation, limit=PAGE, after=last)
            new = _new_messages(listing, last)
            more = bool(new) and listing.goes_on(PAGE)
            # Where reading is cut off, the next call goes on from here instead of from the beginning.
            if new:
                self._orders.put(conversation, replace(self._order_of(conversation), anchor=last))
            found.extend(new)
            passed += len(new)
            await progress.report(number + 1, f"{passed} messages passed on the way through the conversation")
        raise DeadlineExceeded(
            "The conversation is so long that its other end was not reached.",
            hint="Repeat the call, which goes on from there, or read in the other order.",
        )

    async def _forward(self, conversation: str, step: Step, size: int) -> Read:
        """A page in the direction of the list."""
        listing = await self._api.messages(conversation, limit=size, after=step.beside)
        items = _new_messages(listing, step.beside)
        more = bool(items) and listing.goes_on(min(size, PAGE))
        return _oldest_first(items, step.ascending), replace(step, beside=items[-1].id or "") if more else None

    async def _back(self, conversation: str, step: Step, size: int) -> Read:
        """A page against the direction of the list.

        What ``has_more`` means here is not documented, so the end is the list's head or an empty page.
        """
        listing = await self._api.messages(conversation, limit=size, before=step.beside)
        items = _new_messages(listing, step.beside)
        ended = not items or any(one.id == step.head for one in items)
        return _oldest_first(items, step.ascending), None if ended else replace(step, beside=items[0].id or "")

    def _order_of(self, conversation: str) -> ListOrder:
        return self._orders.get(conversation) or ListOrder()

    def _learn(self, conversation: str, items: Sequence[wire.Message]) -> ListOrder:
        """Note what the beginning of a list shows."""
        found, before = direction(items), self._order_of(conversation)
        if found is not None:
            self._usual = found
        learned = replace(before, ascending=before.ascending if found is None else found, head=items[0].id)
        self._orders.put(conversation, learned)
        return learned

    def _assumed(self, known: ListOrder) -> bool:
        """The order to go by: the list's own, else that of other lists, else oldest first."""
        return known.ascending if known.ascending is not None else self._usual is not False


def direction(messages: Sequence[wire.Message]) -> bool | None:
    """Whether the oldest of these comes first; ``False`` when the newest does, ``None`` when that cannot be known.

    By their times; where all are equal, a question comes before its answer.
    """
    times = [at for one in messages if (at := parse_time(one.created_at)) is not None]
    # Clocks of several machines disagree now and then, so the majority counts.
    votes = sum((a < b) - (a > b) for a, b in pairwise(times))
    if not votes and times and times[0] != times[-1]:
        votes = 1 if times[0] < times[-1] else -1
    if votes:
        return votes > 0
    ends = tuple((messages[at].role or "").lower() for at in (0, -1)) if messages else ()
    return {(USER, AGENT): True, (AGENT, USER): False}.get((ends[0], ends[1])) if ends else None


def _end_of_list(last: Sequence[wire.Message], ascending: bool, head: str | None) -> Read:  # noqa: FBT001 - see Step
    """The end of a list as a page; going on leads back to the head."""
    first = last[0].id or ""
    step = None if first == head else Step(ascending, first, forward=False, head=head)
    return _oldest_first(list(last), ascending), step


def _is_list_order(ascending: bool, order: Order) -> bool:  # noqa: FBT001 - the two together are the question
    """Whether an order is that of the list."""
    return ascending is (order is Order.OLDEST)


def _oldest_first(items: Sequence[wire.Message], ascending: bool) -> Sequence[wire.Message]:  # noqa: FBT001 - as above
    return items if ascending else items[::-1]


def _new_messages(listing: wire.Listing[wire.Message], beside: str | None) -> list[wire.Message]:
    """The messages of a page that can be referred to, without the one it was asked to stand beside."""
    return [one for one in listing.data if one.id and one.id != beside]
