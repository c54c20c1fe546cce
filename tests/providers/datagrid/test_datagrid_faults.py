"""Everything that can go wrong between here and Datagrid: the right error, no write twice, nothing lost."""

import random
from dataclasses import dataclass

import httpx
import pytest
from datagrid_service import KEY, Datagrid, opened, refused, streamed

from dragoman.core.context import progress
from dragoman.core.errors import (
    BadResponse,
    DeadlineExceeded,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
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
PAGE = "<!doctype html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"


def failing(error):
    def act():
        raise error

    return act


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


@dataclass(frozen=True)
class Fault:
    """What happens, and for a read and a write: the error and how many requests there are."""

    act: object
    read: type[DragomanError]
    reads: int
    write: type[DragomanError]
    writes: int


FAULTS = {
    "400": Fault(lambda: refused(400, "x"), InvalidArgument, 1, InvalidArgument, 1),
    "401": Fault(lambda: refused(401, "x"), Unauthenticated, 1, Unauthenticated, 1),
    "402": Fault(lambda: refused(402, "x"), PermissionDenied, 1, PermissionDenied, 1),
    "403": Fault(lambda: refused(403, "x"), PermissionDenied, 1, PermissionDenied, 1),
    "404": Fault(lambda: refused(404, "x"), NotFound, 1, NotFound, 1),
    "422": Fault(lambda: refused(422, "x"), InvalidArgument, 1, InvalidArgument, 1),
    "429": Fault(lambda: refused(429, "x"), RateLimited, 3, RateLimited, 3),
    "429 seconds": Fault(lambda: refused(429, "x", **{"retry-after": "1.5"}), RateLimited, 3, RateLimited, 3),
    "429 ms": Fault(lambda: refused(429, "x", **{"retry-after-ms": "150"}), RateLimited, 3, RateLimited, 3),
    "429 long": Fault(lambda: refused(429, "x", **{"retry-after": "900"}), RateLimited, 1, RateLimited, 1),
    "429 date": Fault(
        lambda: refused(429, "x", date=f"{DAY} 14:00:00 GMT", **{"retry-after": f"{DAY} 15:00:00 GMT"}),
        RateLimited, 1, RateLimited, 1,
    ),
    "500": Fault(lambda: refused(500, "x"), Unavailable, 1, OutcomeUnknown, 1),
    "502 page": Fault(lambda: httpx.Response(502, html=PAGE), Unavailable, 3, OutcomeUnknown, 1),
    "503": Fault(lambda: refused(503, "x"), Unavailable, 3, OutcomeUnknown, 1),
    "504": Fault(lambda: refused(504, "x"), Unavailable, 3, OutcomeUnknown, 1),
    "refused": Fault(failing(httpx.ConnectError("no")), Unavailable, 3, Unavailable, 3),
    "reset": Fault(failing(httpx.ReadError("reset")), Unavailable, 3, OutcomeUnknown, 1),
    "slow": Fault(failing(httpx.ReadTimeout("slow")), DeadlineExceeded, 2, OutcomeUnknown, 1),
    "cut body": Fault(cut, BadResponse, 2, OutcomeUnknown, 1),
    "no JSON": Fault(lambda: httpx.Response(200, text='{"object": "lis'), BadResponse, 2, OutcomeUnknown, 1),
    "page": Fault(lambda: httpx.Response(200, html=PAGE), BadResponse, 2, OutcomeUnknown, 1),
    "empty": Fault(lambda: httpx.Response(200), BadResponse, 2, OutcomeUnknown, 1),
    "elsewhere": Fault(
        lambda: httpx.Response(302, headers={"location": "https://evil.example/x"}), BadResponse, 1, OutcomeUnknown, 1
    ),
}  # fmt: skip


def room(**options):
    datagrid = Datagrid(**options)
    datagrid.converse_about(ROOM, ["Hi", "Hello"])
    return datagrid


def require_plain(error):
    said = str(error)
    assert "\n" not in said
    assert "<" not in said
    assert "evil" not in said
    assert len(error.message.split()) >= 3


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", READS)
async def test_a_failing_read_is_the_right_error_after_the_right_number_of_requests(name, fault):
    operation, call = READS[name]
    datagrid = room(before=lambda request: FAULTS[fault].act() if request.operation == operation else None)
    async with opened(datagrid) as account:
        with pytest.raises(FAULTS[fault].read) as caught:
            await call(account)
    assert type(caught.value) is FAULTS[fault].read
    assert caught.value.operation
    require_plain(caught.value)
    assert len(datagrid.calls(operation)) == FAULTS[fault].reads


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "streamed"])
async def test_a_failing_write_is_the_right_error_and_never_repeated_in_doubt(name, fault, streaming):
    operation, call = WRITES[name]
    datagrid = room(before=lambda request: FAULTS[fault].act() if request.operation == operation else None)

    async def listen(_done, _text):
        return

    async with opened(datagrid) as account:
        with pytest.raises(FAULTS[fault].write) as caught, progress.listening(listen if streaming else None):
            await call(account)
    assert type(caught.value) is FAULTS[fault].write
    assert caught.value.sent is (None if FAULTS[fault].write is OutcomeUnknown else False)
    require_plain(caught.value)
    assert len(datagrid.calls(operation)) == FAULTS[fault].writes


@pytest.mark.parametrize("name", READS)
async def test_a_wrong_content_type_is_no_fault(name):
    operation, call = READS[name]

    def mislabel(request, answer):
        if request.operation == operation:
            answer.headers["content-type"] = "text/html"

    datagrid = room(after=mislabel)
    async with opened(datagrid) as account:
        assert await call(account)
    assert len(datagrid.calls(operation)) == 1


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


UNCERTAIN = ["500", "502 page", "503", "504", "reset", "slow", "cut body", "no JSON", "page", "empty"]
CERTAIN = ["429", "429 seconds", "429 ms", "refused"]


class Weather:
    """Faults that come at random, before a request is carried out or after it was."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.calm = False

    def before(self, _request):
        return self._strike(UNCERTAIN + CERTAIN, 0.25)

    def after(self, _request, _answer):
        return self._strike(UNCERTAIN, 0.15)

    def _strike(self, kinds, chance):
        if self.calm or self.random.random() >= chance:
            return None
        return FAULTS[self.random.choice(kinds)].act()


@pytest.mark.parametrize("newest_first", [False, True])
async def test_under_random_faults_nothing_is_wrong_lost_or_doubled(newest_first):
    weather = Weather(seed=20260504 + newest_first)
    datagrid = Datagrid(newest_first=newest_first, before=weather.before, after=weather.after)
    ids = datagrid.converse_about("reading", [f"Text {n}" for n in range(40)])
    datagrid.converse_about("talking", ["Hi", "Hello"])
    reader, talker = Reading(ids), Talking()
    async with opened(datagrid) as account:
        for number in range(2010):
            job = reader.one if number % 3 else talker.one
            await job(account, weather.random)
        weather.calm = True
        stored = [one["content"][0]["text"] for one in datagrid.messages["talking"]]
        talker.require_sound(stored)
        page = await account.list_messages("talking", MessageQuery(limit=200, order=Order.OLDEST))
    assert reader.walks >= 40
    assert talker.answered >= 100
    assert talker.unknown >= 40
    assert [one.text for one in page.items] == stored[: len(page.items)]


class Reading:
    """Walks through a conversation again and again; a call that fails is repeated."""

    def __init__(self, ids):
        self.ids = ids
        self.walks = 0
        self._restart()

    def _restart(self):
        self.order = Order.LATEST if self.walks % 2 else Order.OLDEST
        self.cursor, self.found = None, []

    async def one(self, account, chance):
        query = MessageQuery(order=self.order, limit=chance.choice([5, 9, 20]), cursor=self.cursor)
        try:
            page = await account.list_messages("reading", query)
        except DragomanError:
            return
        ids = [one.id for one in page.items]
        self.found = ids + self.found if self.order is Order.LATEST else self.found + ids
        self.cursor = page.cursor
        if page.cursor is None:
            assert self.found == self.ids
            self.walks += 1
            self._restart()


class Talking:
    """Says something new each time, and remembers what was claimed about it."""

    def __init__(self):
        self.claims = {}
        self.answered = self.unknown = 0

    async def one(self, account, chance):
        text = f"Prompt {len(self.claims)}"

        async def listen(_done, _text):
            return

        try:
            with progress.listening(listen if chance.random() < 0.5 else None):
                message = await account.send_message("talking", Draft(text=text))
        except OutcomeUnknown:
            self.claims[text] = {0, 1}
            self.unknown += 1
        except DragomanError as error:
            self.claims[text] = {0} if error.sent is False else set()
        else:
            assert message.text == (text if message.status else f"You said: {text}")
            self.claims[text] = {1}
            self.answered += 1

    def require_sound(self, stored):
        for text, times in self.claims.items():
            assert stored.count(text) in times, f"{text} is there {stored.count(text)} times instead of {times}"
