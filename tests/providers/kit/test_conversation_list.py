"""Conversations that a service lists in no order come most recent first, and those elsewhere when a text means them."""

from dataclasses import replace

import pytest

from dragoman import Conversation, ConversationKind, ConversationQuery, InvalidArgument
from dragoman.providers.kit import ConversationList, parse_time

pytestmark = pytest.mark.anyio


def room(id_, title, hour=None, kind=ConversationKind.CHANNEL):
    at = None if hour is None else parse_time(f"2026-03-10T{hour:02}:00:00Z")
    return Conversation(id=id_, title=title, kind=kind, last_message_at=at)


class Rooms:
    """The account's own rooms in no order, and public ones."""

    def __init__(self, *own):
        self.own, self.listed, self.asked = list(own), 0, []
        self.list = ConversationList(self.list_own, self.elsewhere)

    async def list_own(self):
        self.listed += 1
        return self.own

    async def elsewhere(self, query, wanted, found):
        self.asked.append((query.text, wanted, [one.id for one in found]))
        return [room("P1", "Ferries, public")]


def ids(page):
    return [one.id for one in page.items]


async def test_the_most_recent_come_first_and_those_of_unknown_time_last():
    rooms = Rooms(room("A", "a"), room("B", "b", 9), room("C", "c", 12))
    assert ids(await rooms.list.page(ConversationQuery())) == ["C", "B", "A"]
    assert rooms.asked == []


async def test_pages_go_on_in_the_same_list_and_a_first_page_asks_anew():
    rooms = Rooms(*(room(f"R{hour}", f"r{hour}", hour) for hour in range(7)))
    query, pages = ConversationQuery(limit=3), []
    while True:
        page = await rooms.list.page(query)
        pages.append(ids(page))
        if page.cursor is None:
            break
        query = replace(query, cursor=page.cursor)
    assert pages == [["R6", "R5", "R4"], ["R3", "R2", "R1"], ["R0"]]
    assert rooms.listed == 1
    await rooms.list.page(ConversationQuery())
    assert rooms.listed == 2
    with pytest.raises(InvalidArgument):
        await rooms.list.page(replace(query, text="other"))


async def test_a_text_means_own_rooms_before_those_elsewhere():
    rooms = Rooms(room("A", "Férries"), room("B", "Boats"), replace(room("D", ""), participants=("Ann Ferri",)))
    assert ids(await rooms.list.page(ConversationQuery(text="#FERRI"))) == ["A", "D", "P1"]
    assert rooms.asked == [("#FERRI", "ferri", ["A", "D"])]


async def test_a_kind_leaves_others_out():
    rooms = Rooms(room("A", "a"), room("D", "d", kind=ConversationKind.DIRECT))
    assert ids(await rooms.list.page(ConversationQuery(kind=ConversationKind.DIRECT))) == ["D"]
