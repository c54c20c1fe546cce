"""What Convore tells of messages that come in and go out, by its events."""

import json
from pathlib import Path

import httpx
import pytest
from convore_service import Convore, opened, own

from dragoman.core.errors import Conflict

RECORDING = Path(__file__).parents[2] / "wire" / "convore" / "list_events_poll.json"
pytestmark = pytest.mark.anyio


def ids(changes):
    return [one.id for one in changes.messages]


async def test_messages_that_came_after_the_position_are_told_in_the_order_of_their_events():
    service = Convore()
    service.talk("conv_1", 2)
    async with opened(service) as account:
        start = await account.changes(None)
        assert not start.messages
        new = [*service.talk("conv_2", 1), *service.talk("conv_1", 1)]
        changes = await account.changes(start.position)
        assert ids(changes) == new
        assert [one.conversation for one in changes.messages] == ["conv_2", "conv_1"]
        assert ids(await account.changes(changes.position)) == []


async def test_an_event_that_is_recorded_late_is_told_once():
    service = Convore()
    async with opened(service) as account:
        position = (await account.changes(None)).position
        service.talk("conv_1", 1)
        position = (await account.changes(position)).position
        late = service.add("conv_1", "late")
        service.events.pop()
        service.happen("inbound_received", late, late=90)
        changes = await account.changes(position)
        assert ids(changes) == [late["id"]]
        assert ids(await account.changes(changes.position)) == []


@pytest.mark.parametrize(
    "variant", [{}, {"order": "oldest"}, {"largest": 7, "cursors": "anchor"}, {"order": "shuffled"}]
)
async def test_many_events_come_in_parts_whatever_the_order_of_the_list(variant):
    service = Convore(**variant)
    async with opened(service) as account:
        changes = await account.changes(None)
        new = service.talk("conv_1", 120)
        told = []
        for _ in range(5):
            changes = await account.changes(changes.position)
            told += ids(changes)
            if not changes.more:
                break
        assert told == new


async def test_two_events_of_one_message_tell_it_once_and_a_message_that_is_gone_is_left_out():
    service = Convore()
    async with opened(service) as account:
        start = (await account.changes(None)).position
        kept, gone = service.add("conv_1", "kept"), service.add("conv_1", "gone")
        service.happen("inbound_received", kept)
        service.messages.remove(gone)
        assert ids(await account.changes(start)) == [kept["id"]]


async def test_a_quiet_round_is_one_request():
    service = Convore()
    async with opened(service) as account:
        start = (await account.changes(None)).position
        service.journal.clear()
        await account.changes(start)
        assert [one.operation for one in service.journal] == ["GET /v1/events"]


@pytest.mark.parametrize("position", ["", "7", "k1", "e30", "x" * 300])
async def test_a_position_that_is_none_is_a_conflict(position):
    async with opened(Convore()) as account:
        with pytest.raises(Conflict, match="position is not known"):
            await account.changes(position)


async def test_the_recorded_answer_names_its_message():
    recorded = json.loads(RECORDING.read_text(encoding="utf-8"))
    service = Convore()
    service.add("conv_01hqwy5cg08zp24ha7wyhdtrzm", "hello", identifier=recorded["expect"]["message_ids"][0])
    async with opened(service) as account:
        start = (await account.changes(None)).position
        events = httpx.Response(200, json=recorded["response"]["json"])
        service.before = lambda request: events if request.path == "/v1/events" else None
        assert ids(await account.changes(start)) == recorded["expect"]["message_ids"]


async def test_our_own_messages_are_told_as_such():
    service = Convore()
    async with opened(service) as account:
        start = (await account.changes(None)).position
        service.add("conv_1", "from us", sender={"handle": own(service), "name": "Acme Support"})
        (message,) = (await account.changes(start)).messages
        assert message.extra["direction"] == "outbound"
