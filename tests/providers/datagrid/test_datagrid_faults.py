"""Everything that can go wrong between here and Datagrid: the right error, no write twice, nothing lost."""

import httpx
import pytest
from datagrid_service import KEY, Datagrid, opened, refused, streamed
from fault_matrix import (
    Reading,
    Weather,
    Writing,
    both,
    call_at_random,
    doubtful,
    each,
    http_faults,
    listen,
    require_enough,
    require_labels_ignored,
    require_read_error,
    require_write_error,
    strike,
)

from dragoman.core.context import progress
from dragoman.core.errors import (
    BadResponse,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.core.model import Order
from dragoman.providers.base.provider import ConversationQuery, Draft, MessageQuery

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]
ROOM = "conv_1"
MESSAGES = f"/conversations/{ROOM}/messages"
DAY = "Mon, 04 May 2026"


def cut():
    return streamed(['{"object": "conversation.message", "id": "msg'], failure=httpx.RemoteProtocolError("cut"))


READS = {
    "check": ("GET /identity", lambda account: account.check()),
    "list_conversations": ("GET /conversations", lambda account: account.list_conversations(ConversationQuery())),
    "get_conversation": (f"GET /conversations/{ROOM}", lambda account: account.get_conversation(ROOM)),
    "list_messages": (f"GET {MESSAGES}", lambda account: account.list_messages(ROOM, MessageQuery())),
    "get_message": (f"GET {MESSAGES}/msg_00001", lambda account: account.get_message(ROOM, "msg_00001")),
}
WRITES = {
    "send_message": ("POST /converse", lambda account: account.send_message(ROOM, Draft(text="Hi"))),
    "create_conversation": ("POST /conversations", lambda account: account.create_conversation("Name")),
}


FAULTS = {
    **http_faults(3),
    "400": both(lambda: refused(400, "x"), InvalidArgument, 1),
    "401": both(lambda: refused(401, "x"), Unauthenticated, 1),
    "402": both(lambda: refused(402, "x"), PermissionDenied, 1),
    "403": both(lambda: refused(403, "x"), PermissionDenied, 1),
    "404": both(lambda: refused(404, "x"), NotFound, 1),
    "422": both(lambda: refused(422, "x"), InvalidArgument, 1),
    "429": both(lambda: refused(429, "x"), RateLimited, 3),
    "429 seconds": both(lambda: refused(429, "x", **{"retry-after": "1.5"}), RateLimited, 3),
    "429 ms": both(lambda: refused(429, "x", **{"retry-after-ms": "150"}), RateLimited, 3),
    "429 long": both(lambda: refused(429, "x", **{"retry-after": "900"}), RateLimited, 1),
    "429 date": both(
        lambda: refused(429, "x", date=f"{DAY} 14:00:00 GMT", **{"retry-after": f"{DAY} 15:00:00 GMT"}), RateLimited
    ),
    "500": doubtful(lambda: refused(500, "x"), Unavailable, 1),
    "503": doubtful(lambda: refused(503, "x"), Unavailable, 3),
    "504": doubtful(lambda: refused(504, "x"), Unavailable, 3),
    "cut body": doubtful(cut, BadResponse, 2),
}


def room(**options):
    datagrid = Datagrid(**options)
    datagrid.converse_about(ROOM, ["Hi", "Hello"])
    return datagrid


@pytest.mark.parametrize(("name", "fault"), each(READS, FAULTS))
async def test_a_failing_read_is_the_right_error_after_the_right_number_of_requests(name, fault):
    operation, call = READS[name]
    await require_read_error(opened, room(before=strike(FAULTS[fault], operation)), operation, call, FAULTS[fault], KEY)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "streamed"])
async def test_a_failing_write_is_the_right_error_and_never_repeated_in_doubt(name, fault, streaming):
    operation, call = WRITES[name]
    with progress.listening(listen if streaming else None):
        await require_write_error(
            opened, room(before=strike(FAULTS[fault], operation)), operation, call, FAULTS[fault], KEY
        )


@pytest.mark.parametrize("name", READS)
async def test_a_wrong_content_type_is_no_fault(name):
    await require_labels_ignored(opened, room, *READS[name])


async def test_a_redirect_within_the_service_is_followed_for_reads():
    moved = f"/v1/conversations/{ROOM}/messages"
    datagrid = room()
    datagrid.before = lambda request: (
        httpx.Response(307, headers={"location": moved}) if request.path == "/conversations/old/messages" else None
    )
    async with opened(datagrid) as account:
        page = await account.list_messages("old", MessageQuery())
    assert [one.text for one in page.items] == ["Hi", "Hello"]


async def test_the_timeout_of_the_settings_is_that_of_answers_when_it_is_set(monkeypatch):
    from dragoman.providers import datagrid as module
    from dragoman.providers.datagrid.api import LONGEST_ANSWER

    seen = []
    monkeypatch.setattr(module, "Api", lambda _client, patience: seen.append(patience))
    for options in ({}, {"timeout": 2.5}):
        async with module.DatagridProvider.open(module.DatagridSettings(token=KEY, **options)):
            pass
    assert seen == [LONGEST_ANSWER, 2.5]


# at random


CERTAIN = ["429", "429 seconds", "429 ms", "refused"]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_under_random_faults_nothing_is_wrong_lost_or_doubled(newest_first):
    weather = Weather(20260504 + newest_first, FAULTS, CERTAIN)
    datagrid = Datagrid(newest_first=newest_first, before=weather.before, after=weather.after)
    ids = datagrid.converse_about("reading", [f"Text {n}" for n in range(40)])
    datagrid.converse_about("talking", ["Hi", "Hello"])
    reader, talker = Reading(ids, [5, 9, 20]), Talking()
    async with opened(datagrid) as account:
        await call_at_random(account, weather, reader, talker)
        stored = [one["content"][0]["text"] for one in datagrid.messages["talking"]]
        talker.require_sound(stored)
        page = await account.list_messages("talking", MessageQuery(limit=200, order=Order.OLDEST))
    require_enough(reader, talker)
    assert [one.text for one in page.items] == stored[: len(page.items)]


class Talking(Writing):
    async def write(self, account, chance, text, number):
        del number
        with progress.listening(listen if chance.random() < 0.5 else None):
            return await account.send_message("talking", Draft(text=text))

    def require_answer(self, message, text):
        assert message.text == (text if message.status else f"You said: {text}")
