"""Each way of failing, for each operation: the right error, the right number of requests, no write repeated."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from convore_faults import CERTAIN, FAULTS
from convore_service import BEGINNING, KEY, Convore, opened, refused
from fault_matrix import (
    Reading,
    Weather,
    Writing,
    call_at_random,
    each,
    require_enough,
    require_labels_ignored,
    require_plain,
    require_read_error,
    require_write_error,
    strike,
)

from dragoman.core.errors import DragomanError, Unavailable
from dragoman.core.model import Author, Message
from dragoman.providers.base.provider import Change, ConversationQuery, Draft, MessageQuery
from dragoman.providers.convore import ConvoreProvider, ConvoreSettings

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
ONE = "/v1/messages/msg_00001"
ROOMS = 50


def letter(text, **members):
    author, sent_at = Author(name="Ann Lee", email="ann@example.com"), datetime(2020, 1, 2, tzinfo=UTC)
    return Message(**({"id": "", "conversation": "room", "author": author, "sent_at": sent_at, "text": text} | members))


READS = {
    "check": ("GET /v1/channels", lambda account: account.check()),
    "list_conversations": ("GET /v1/conversations", lambda account: account.list_conversations(ConversationQuery())),
    "get_conversation": ("GET /v1/conversations/room", lambda account: account.get_conversation("room")),
    "list_messages": ("GET /v1/messages", lambda account: account.list_messages("room", MessageQuery())),
    "get_message": (f"GET {ONE}", lambda account: account.get_message("room", "msg_00001")),
}
WRITES = {
    "send_message": ("POST /v1/messages", lambda account: account.send_message("room", Draft(text="Once"))),
    "import_message": ("POST /v1/messages/import", lambda account: account.import_message("room", letter("Once"))),
    "update_message": (
        f"PATCH {ONE}",
        lambda account: account.update_message("room", "msg_00001", Change(text="Once")),
    ),
}
CALLS = READS | WRITES


def room(**options):
    service = Convore(**options)
    service.talk("room", 3)
    return service


@pytest.mark.parametrize(("name", "fault"), each(READS, FAULTS))
async def test_a_failing_read_is_the_right_error_after_the_right_number_of_requests(name, fault):
    operation, call = READS[name]
    await require_read_error(opened, room(before=strike(FAULTS[fault], operation)), operation, call, FAULTS[fault], KEY)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", WRITES)
async def test_a_failing_write_is_the_right_error_and_never_repeated_in_doubt(name, fault):
    operation, call = WRITES[name]
    service = room(before=strike(FAULTS[fault], operation))
    await require_write_error(opened, service, operation, call, FAULTS[fault], KEY)
    assert not service.written


@pytest.mark.parametrize(("name", "fault"), each(WRITES, FAULTS, "send_message"))
async def test_what_fails_before_a_write_certainly_wrote_nothing(name, fault):
    service = room()
    service.before = lambda request: FAULTS[fault].act() if request.method == "GET" else None
    async with opened(service) as account:
        with pytest.raises(FAULTS[fault].read) as caught:
            await WRITES[name][1](account)
    assert caught.value.sent is False
    assert not service.written


@pytest.mark.parametrize("name", CALLS)
async def test_a_wrong_content_type_is_no_fault(name):
    await require_labels_ignored(opened, room, *CALLS[name])


@pytest.mark.parametrize("fault", ["429 seconds", "503 seconds"])
@pytest.mark.parametrize("name", CALLS)
async def test_a_pause_that_is_asked_for_is_kept_and_then_it_works(name, fault, waits):
    operation, call = CALLS[name]
    faults = [FAULTS[fault].act()]
    service = room(before=lambda it: faults.pop() if faults and it.operation == operation else None)
    async with opened(service) as account:
        assert await call(account)
    assert waits == [{"429 seconds": 2.0, "503 seconds": 1.0}[fault]]
    assert len(service.written) == (name in WRITES)


async def test_an_address_that_is_not_found_is_the_setting_to_look_at():
    settings = ConvoreSettings(token=KEY, base_url="https://convore.invalid")
    async with ConvoreProvider.open(settings) as account:
        with pytest.raises(Unavailable, match="`base_url`"):
            await account.check()


BODIES = {
    "detail": {"detail": "it is wrong", "message": "no"},
    "list": {"detail": [{"loc": ["body"], "msg": "it is wrong"}]},
    "message": {"message": "it is wrong", "error": "Bad Request"},
    "nested": {"error": {"message": "it is wrong"}},
    "title": {"title": "it is wrong", "status": 400},
    "error": {"error": "it is wrong"},
}


@pytest.mark.parametrize("body", BODIES)
async def test_what_the_service_says_is_read_from_every_shape_of_error(body):
    async with opened(room(before=lambda _: httpx.Response(400, json=BODIES[body]))) as account:
        with pytest.raises(DragomanError, match="it is wrong"):
            await account.check()


async def test_a_key_that_the_service_repeats_is_not_shown():
    async with opened(room(before=lambda _: refused(401, f"bad key {KEY}"))) as account:
        with pytest.raises(DragomanError) as caught:
            await account.check()
    require_plain(caught.value, KEY)


# at random


@pytest.mark.parametrize(("order", "cursors"), [("newest", "offset"), ("shuffled", "anchor")])
async def test_under_random_faults_nothing_is_wrong_lost_or_doubled(order, cursors):
    weather = Weather(20240305, FAULTS, CERTAIN)
    service = Convore(order=order, cursors=cursors, largest=15)
    ids = service.talk("reading", 40)
    for number in range(ROOMS):
        service.talk(f"writing {number}", 1)
    service.before, service.after = weather.before, weather.after
    reader, writer = Reading(ids, [9, 20, 50]), SendingAndImporting()
    async with opened(service) as account:
        await call_at_random(account, weather, reader, writer)
        page = await account.list_messages("writing 3", MessageQuery(limit=200))
    writer.require_sound(service.written)
    stored = [one["text_body"] for one in service.messages if one["conversation_id"] == "writing 3"]
    assert sorted(one.text for one in page.items) == sorted(stored)
    require_enough(reader, writer)


class SendingAndImporting(Writing):
    async def write(self, account, chance, text, number):
        conversation = f"writing {number % ROOMS}"
        if chance.random() < 0.5:
            return await account.send_message(conversation, Draft(text=text))
        at = BEGINNING + timedelta(days=3, seconds=number)
        return await account.import_message(conversation, letter(text, conversation=conversation, sent_at=at))
