"""What holds of every provider that is kept current: the store has what a list shows, and its coverage says so."""

import anyio

from dragoman.accounts.workspace import Workspace
from dragoman.core.queries import MessageQuery
from dragoman.sync.runner import keep_current
from dragoman.testing.contract.base import seed
from dragoman.testing.contract.sample_messages import talk


async def require_sync_holds_all(service, folder):
    seeded = await seed(service, talk(30))
    settings = service.settings.model_copy(update={"sync": "all", "remember": "full"})
    async with Workspace.open({"acc": settings}, folder / "dragoman.db") as workspace:
        account = workspace.account("acc")
        with anyio.fail_after(60):
            (result,) = await keep_current(workspace, [account], watch=False)
        assert result.error is None
        store = await workspace.store()
        provider = await account.provider()
        items, query = [], MessageQuery(limit=200)
        while query:
            page = await provider.list_messages(seeded.conversation.id, query)
            items += page.items
            query = page.cursor and MessageQuery(limit=200, cursor=page.cursor)
        numbers = [one.number for one in await workspace.number_messages(account, items)]
        assert len(items) >= len(seeded.messages)
        assert result.counts.messages >= len(items) == len(set(numbers))
        assert max(numbers) <= result.counts.messages
        assert (await store.sync.coverage("acc", seeded.conversation.id)).covers()
