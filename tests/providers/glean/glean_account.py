"""The provider on the service in memory."""

from contextlib import asynccontextmanager
from dataclasses import replace

from glean_service import BASE, TOKEN

from dragoman.providers.glean import GleanProvider, GleanSettings


def settings(**more):
    return GleanSettings.model_validate({"provider": "glean", "base_url": BASE, "token": TOKEN, **more})


@asynccontextmanager
async def opened(server, **more):
    """An account, and in the end proof that nothing was sent that the service does not know."""
    async with GleanProvider.open(settings(**more), transport=server.transport) as account:
        yield account
    assert server.wrong == []


async def read_all(account, conversation, query):
    """Ids of all pages, in the order of a person who reads on: page by page, each oldest first."""
    pages, cursor = [], None
    while len(pages) < 200:
        page = await account.list_messages(conversation, replace(query, cursor=cursor))
        pages.append([message.id for message in page.items])
        cursor = page.cursor
        if cursor is None:
            return pages
    raise AssertionError("the list does not end")
