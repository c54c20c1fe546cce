"""Each way of failing, for each operation: the right error, the right number of requests, no write repeated."""

import random
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from convore_faults import CERTAIN, FAULTS, UNCERTAIN
from convore_service import BEGINNING, KEY, Convore, opened, refused

from dragoman.core.errors import DragomanError, OutcomeUnknown, Unavailable
from dragoman.core.model import Author, Message, Order
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


def striking(operation, fault):
    return lambda request: FAULTS[fault].act() if request.operation == operation else None


def require_plain(error):
    said = str(error)
    assert "\n" not in said
    assert "<" not in said
    assert "evil" not in said
    assert KEY not in said
    assert len(error.message.split()) >= 3
    assert error.operation


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", READS)
async def test_a_failing_read_is_the_right_error_after_the_right_number_of_requests(name, fault):
    operation, call = READS[name]
    service = room(before=striking(operation, fault))
    async with opened(service) as account:
        with pytest.raises(FAULTS[fault].read) as caught:
            await call(account)
    assert type(caught.value) is FAULTS[fault].read
    require_plain(caught.value)
    assert len(service.calls(operation)) == FAULTS[fault].reads


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", WRITES)
async def test_a_failing_write_is_the_right_error_and_never_repeated_in_doubt(name, fault):
    operation, call = WRITES[name]
    service = room(before=striking(operation, fault))
    async with opened(service) as account:
        with pytest.raises(FAULTS[fault].write) as caught:
            await call(account)
    assert type(caught.value) is FAULTS[fault].write
    assert caught.value.sent is (None if FAULTS[fault].write is OutcomeUnknown else False)
    require_plain(caught.value)
    assert len(service.calls(operation)) == FAULTS[fault].writes
    assert not service.written


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", WRITES)
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
    operation, call = CALLS[name]

    def mislabel(request, answer):
        if request.operation == operation:
            answer.headers["content-type"] = "text/html"

    service = room(after=mislabel)
    async with opened(service) as account:
        assert await call(account)
    assert len(service.calls(operation)) == 1


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
    require_plain(caught.value)


# at random


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


@pytest.mark.parametrize(("order", "cursors"), [("newest", "offset"), ("shuffled", "anchor")])
async def test_under_random_faults_nothing_is_wrong_lost_or_doubled(order, cursors):
    weather = Weather(seed=20240305)
    service = Convore(order=order, cursors=cursors, largest=15)
    ids = service.talk("reading", 40)
    for number in range(ROOMS):
        service.talk(f"writing {number}", 1)
    service.before, service.after = weather.before, weather.after
    reader, writer = Reading(ids), Writing()
    async with opened(service) as account:
        for number in range(2010):
            job = reader.one if number % 3 else writer.one
            await job(account, weather.random)
        weather.calm = True
        page = await account.list_messages("writing 3", MessageQuery(limit=200))
    writer.require_sound(service.written)
    stored = [one["text_body"] for one in service.messages if one["conversation_id"] == "writing 3"]
    assert sorted(one.text for one in page.items) == sorted(stored)
    assert reader.walks >= 40
    assert writer.sure >= 100
    assert writer.unknown >= 40


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
        query = MessageQuery(order=self.order, limit=chance.choice([9, 20, 50]), cursor=self.cursor)
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


class Writing:
    """Writes something new each time, and remembers how often that may be there."""

    def __init__(self):
        self.claims = {}
        self.sure = self.unknown = 0

    async def one(self, account, chance):
        text = f"Text {len(self.claims)}"
        at = BEGINNING + timedelta(days=3, seconds=len(self.claims))
        room, send = f"writing {len(self.claims) % ROOMS}", chance.random() < 0.5
        try:
            if send:
                message = await account.send_message(room, Draft(text=text))
            else:
                message = await account.import_message(room, letter(text, conversation=room, sent_at=at))
        except OutcomeUnknown:
            self.claims[text] = {0, 1}
            self.unknown += 1
        except DragomanError as error:
            self.claims[text] = {0} if error.sent is False else set()
        else:
            assert message.text == text
            self.claims[text] = {1}
            self.sure += 1

    def require_sound(self, written):
        for text, times in self.claims.items():
            assert written.count(text) in times, f"{text} was written {written.count(text)} times instead of {times}"
