"""Scenarios: a conversation is read page by page, whole, in order, while it grows."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from dragoman.core.errors import DragomanError, NotFound
from dragoman.core.model import Message, Order, Page
from dragoman.providers.base.provider import Capability, MessageQuery, Provider
from dragoman.testing.contract.base import Contract, require_missing, scenario, seed
from dragoman.testing.contract.checks import in_order, read, require, require_once, walk
from dragoman.testing.contract.sample_messages import START, talk
from dragoman.testing.contract.service import Service, Trait

LIST = Capability.LIST_MESSAGES


class PagingScenarios(Contract):
    """What ``list_messages`` promises about its pages."""

    @scenario(LIST)
    async def test_latest_pages_give_every_message_once_in_order(self, service: Service, account: Provider) -> None:
        """From the newest to the past; within each page oldest first."""
        await self._read_whole(service, account, Order.LATEST)

    @scenario(LIST)
    async def test_oldest_pages_give_every_message_once_in_order(self, service: Service, account: Provider) -> None:
        """From the oldest on; within each page oldest first."""
        await self._read_whole(service, account, Order.OLDEST)

    async def _read_whole(self, service: Service, account: Provider, order: Order) -> None:
        seeded = await seed(service, talk(self.many))
        pages = await read(account, seeded.conversation.id, MessageQuery(order=order, limit=self.limit))
        require_once(in_order(pages, latest=order is Order.LATEST), [m.id for m in seeded.messages])
        # Else the scenario would pass without having met a page border.
        require(len(pages) > 1, "Everything came in one page; raise `many` so that paging is tested.")
        totals = {page.total for page in pages} - {None}
        require(totals <= {self.many}, f"The total is told as {totals} and there are {self.many} messages.")

    @scenario(LIST)
    async def test_a_limit_of_one_still_reaches_the_end(self, service: Service, account: Provider) -> None:
        """The smallest page there is, in both orders."""
        seeded = await seed(service, talk(4))
        for order in Order:
            pages = await read(account, seeded.conversation.id, MessageQuery(order=order, limit=1))
            require_once(in_order(pages, latest=order is Order.LATEST), [m.id for m in seeded.messages])

    @scenario(LIST)
    async def test_the_largest_limit_of_the_tools_is_no_error(self, service: Service, account: Provider) -> None:
        """A limit is a wish: a service with smaller pages gives what it can."""
        seeded = await seed(service, talk(self.many))
        pages = await read(account, seeded.conversation.id, MessageQuery(limit=self.large))
        require_once(in_order(pages, latest=True), [m.id for m in seeded.messages])

    @scenario(LIST)
    async def test_messages_of_the_same_moment_come_once_each_in_a_stable_order(
        self, service: Service, account: Provider
    ) -> None:
        """A page border between equal times neither loses nor repeats; both orders agree."""
        # Cursors that hold only a time lose or repeat messages here.
        seeded = await seed(service, talk(self.many, at=lambda _: START))
        room, ids = seeded.conversation.id, sorted(m.id for m in seeded.messages)
        latest = in_order(await read(account, room, MessageQuery(limit=self.limit)), latest=True)
        oldest = in_order(await read(account, room, MessageQuery(order=Order.OLDEST, limit=self.limit)), latest=False)
        require_once(sorted(latest), ids)
        # Both as they stand on the screen, oldest first, so they are the same list.
        require(latest == oldest, "The two orders disagree about messages of the same moment.")

    @scenario(LIST)
    async def test_messages_that_arrive_while_paging_to_the_past_disturb_nothing(
        self, service: Service, account: Provider
    ) -> None:
        """What was there when the first page was read comes once each, and nothing else."""
        old, found = await self._read_growing(service, account, Order.LATEST)
        require_once(found, old)

    @scenario(LIST)
    async def test_messages_that_arrive_while_paging_from_the_oldest_come_last(
        self, service: Service, account: Provider
    ) -> None:
        """What was there comes once each; what arrived comes after it, at most once."""
        old, found = await self._read_growing(service, account, Order.OLDEST)
        require_once(found[: len(old)], old)
        require(len(set(found)) == len(found), "A message that arrived while paging came twice.")

    async def _read_growing(self, service: Service, account: Provider, order: Order) -> tuple[list[str], list[str]]:
        """Ids that were there at the start, and ids that were read while one message arrived after each page."""
        seeded = await seed(service, talk(self.many))
        room, arriving = seeded.conversation.id, iter(talk(self.many // 2, first=self.many + 1))

        async def fetch(cursor: str | None) -> Page[Message]:
            page = await account.list_messages(room, MessageQuery(order=order, limit=self.limit, cursor=cursor))
            for message in islice(arriving, 1):
                await seed(service, [message])
            return page

        pages = await walk(fetch)
        return [m.id for m in seeded.messages], in_order(pages, latest=order is Order.LATEST)

    @scenario(LIST)
    async def test_a_cursor_made_after_a_message_goes_on_right_there(self, service: Service, account: Provider) -> None:
        """``cursor_after``, where a provider makes one, agrees with its own pages."""
        seeded = await seed(service, talk(self.many))
        room = seeded.conversation.id
        for order in Order:
            query = MessageQuery(order=order, limit=self.limit)
            whole = await read(account, room, query)
            ids = in_order(whole, latest=order is Order.LATEST)
            for message in [m for page in whole for m in page.items]:
                cursor = account.cursor_after(message, query)
                if cursor is None:
                    continue
                rest = in_order(await read(account, room, replace(query, cursor=cursor)), latest=order is Order.LATEST)
                at = ids.index(message.id)
                require_once(rest, ids[:at] if order is Order.LATEST else ids[at + 1 :])

    @scenario(LIST)
    async def test_an_empty_conversation_is_an_empty_list(self, service: Service, account: Provider) -> None:
        """Not an error, and it ends."""
        if not self.has(Trait.EMPTY_CONVERSATIONS):
            return
        seeded = await seed(service, ())
        for order in Order:
            pages = await read(account, seeded.conversation.id, MessageQuery(order=order))
            require_once(in_order(pages, latest=False), [])

    @scenario(LIST)
    async def test_an_unknown_conversation_is_not_found(self, service: Service, account: Provider) -> None:
        """Where the service tells it from an empty one; else it is an empty list."""
        await seed(service, talk(1))
        unknown = self.missing[0]
        if self.has(Trait.KNOWN_CONVERSATIONS):
            await require_missing(account, NotFound, account.list_messages(unknown, MessageQuery()))
            return
        try:
            pages = await read(account, unknown, MessageQuery())
        except NotFound:
            return
        require_once(in_order(pages, latest=True), [])

    @scenario(LIST)
    async def test_a_cursor_from_nowhere_is_no_crash(self, service: Service, account: Provider) -> None:
        """It is refused in plain words, or answered with a page of this conversation."""
        seeded = await seed(service, talk(2))
        # Cursors come back from clients, so anything can stand there: numbers, base64 of JSON, control characters.
        for cursor in ("nonsense", "-1", "\x00", "eyJ4IjoxfQ==", "9" * 40):
            try:
                page = await account.list_messages(seeded.conversation.id, MessageQuery(cursor=cursor))
            except DragomanError as error:
                require("\n" not in str(error), "An error is one line.")
            else:
                known = {m.id for m in seeded.messages}
                require({m.id for m in page.items} <= known, "A made-up cursor showed messages from elsewhere.")
