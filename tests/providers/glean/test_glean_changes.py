"""What is new in channels that were indexed lately and in chats, told once each."""

from datetime import timedelta

import pytest
from glean_account import opened
from glean_service import GleanServer
from glean_store import Tenant, Variant
from glean_tenants import START

pytestmark = pytest.mark.anyio


async def told_since(account, position):
    told = []
    while True:
        changes = await account.changes(position)
        told += changes.messages
        position = changes.position
        if not changes.more:
            return [one.id for one in told], position


async def test_only_channels_in_which_something_was_indexed_are_read_however_late():
    it = Tenant(Variant(page_size=50))
    for number in range(20):
        it.add(f"room{number}", f"m{number}", START + timedelta(days=2 * number))
    it.chats["c1"] = {"id": "c1", "name": "Plans", "updateTime": 1717581666, "messages": []}
    server = GleanServer(it)
    async with opened(server) as account:
        told, position = await told_since(account, (await account.changes(None)).position)
        assert told == []
        it.add("room7", "new", START + timedelta(days=40))
        told, position = await told_since(account, position)
        assert told == ["new"]
        it.add("room7", "late", START + timedelta(days=40, hours=-3))
        server.journal.clear()
        told, position = await told_since(account, position)
        assert told == ["late"]
        assert [seen.endpoint for seen in server.journal] == ["listchats", "search", "messages"]
        assert (await told_since(account, position))[0] == []
