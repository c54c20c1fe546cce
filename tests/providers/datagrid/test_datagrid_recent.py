"""The list of conversations, which moves while it is read, and the cursors of both lists."""

from datetime import timedelta

import pytest
from datagrid_service import BEGINNING, Datagrid, opened

from dragoman.core.errors import InvalidArgument
from dragoman.core.model import ConversationKind
from dragoman.providers.base.provider import ConversationQuery
from dragoman.providers.datagrid import conversation_pages
from dragoman.providers.kit.cursor import decode

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]


async def conversations(account, limit, between=lambda: None):
    found, cursor = [], None
    while True:
        page = await account.list_conversations(ConversationQuery(limit=limit, cursor=cursor))
        found += [one.id for one in page.items]
        cursor = page.cursor
        if cursor is None:
            return found
        between()


async def test_all_conversations_come_once_the_last_changed_first():
    datagrid = Datagrid()
    for number in range(7):
        datagrid.open(f"conv {number}")
    async with opened(datagrid) as account:
        assert await conversations(account, 2) == [f"conv {n}" for n in range(6, -1, -1)]


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("moved", range(7))
async def test_a_conversation_that_moves_while_the_list_is_read_comes_once(tells, moved):
    datagrid = Datagrid(tells_more=tells)
    for number in range(7):
        datagrid.open(f"conv {number}")
    moves = iter([f"conv {moved}"])

    def between():
        conversation = next(moves, None)
        if conversation:
            datagrid.converse_about(conversation, ["moved"], at=BEGINNING + timedelta(hours=1))

    async with opened(datagrid) as account:
        found = await conversations(account, 2, between)
    assert sorted(found) == [f"conv {n}" for n in range(7)]


@pytest.mark.parametrize("gone", range(7))
async def test_a_conversation_that_is_deleted_while_the_list_is_read_stops_nothing(gone):
    datagrid = Datagrid()
    for number in range(7):
        datagrid.open(f"conv {number}")
    async with opened(datagrid) as account:
        found = await conversations(account, 3, lambda: datagrid.conversations.pop(f"conv {gone}", None))
    assert sorted({*found, f"conv {gone}"}) == [f"conv {n}" for n in range(7)]
    assert len(found) == len(set(found))


async def test_one_page_of_conversations_costs_one_request():
    datagrid = Datagrid()
    datagrid.open("conv", "A title")
    async with opened(datagrid) as account:
        page = await account.list_conversations(ConversationQuery(limit=20, text="title"))
    assert [(one.id, one.title, one.kind) for one in page.items] == [("conv", "A title", ConversationKind.ASSISTANT)]
    assert [one.operation for one in datagrid.journal] == ["GET /conversations"]


async def test_other_kinds_of_conversations_are_not_asked_for():
    datagrid = Datagrid()
    datagrid.open("conv")
    async with opened(datagrid) as account:
        page = await account.list_conversations(ConversationQuery(kind=ConversationKind.CHANNEL))
        assert (list(page.items), page.cursor) == ([], None)
        assert not datagrid.journal
        page = await account.list_conversations(ConversationQuery(kind=ConversationKind.ASSISTANT))
        assert len(page.items) == 1


@pytest.mark.parametrize("cursor", ["", "x", "{}", "W10", "\x00"])
async def test_a_foreign_cursor_of_conversations_is_refused(cursor):
    async with opened(Datagrid()) as account:
        with pytest.raises(InvalidArgument):
            await account.list_conversations(ConversationQuery(cursor=cursor))


async def test_a_cursor_remembers_a_bounded_number_of_conversations(monkeypatch):
    monkeypatch.setattr(conversation_pages, "MOST_SEEN", 4)
    datagrid = Datagrid()
    for number in range(9):
        datagrid.open(f"conv {number}")
    async with opened(datagrid) as account:
        page = await account.list_conversations(ConversationQuery(limit=8))
    assert len(decode(conversation_pages.Round, page.cursor, list_id="conversations").seen) == 4
