import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anyio
import httpx
import pytest
from fault_matrix import CALLS_AT_RANDOM
from glean_account import opened, read_all
from glean_service import Fault, GleanServer
from glean_store import Tenant, Variant

from dragoman.core.errors import (
    BadResponse,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.core.model import ConversationKind, Order
from dragoman.providers.base.provider import ConversationQuery, Draft, MessageQuery, SearchQuery

pytestmark = pytest.mark.anyio
START = datetime(2024, 6, 3, 16, 0, tzinfo=UTC)
CHANNEL = "slack.channel.C1"
PAGE = "<html><title>502 Bad Gateway</title><body>nginx</body></html>"

READS = {
    "list_messages": lambda it: it.list_messages(CHANNEL, MessageQuery()),
    "list_messages of a chat": lambda it: it.list_messages("chat.c1", MessageQuery()),
    "get_message": lambda it: it.get_message(CHANNEL, "m0"),
    "search_messages": lambda it: it.search_messages(SearchQuery(text="hello")),
    "channels": lambda it: it.list_conversations(ConversationQuery(kind=ConversationKind.CHANNEL)),
    "chats": lambda it: it.list_conversations(ConversationQuery(kind=ConversationKind.ASSISTANT)),
    "check": lambda it: it.check(),
}
FAULTS = {
    "401": (Fault(401, "Invalid Secret\nNot allowed"), Unauthenticated, 1),
    "404": (Fault(404, "404 page not found"), NotFound, 1),
    "408": (Fault(408, "timeout exceeded"), DeadlineExceeded, 4),
    "422": (Fault(422, {"invalidOperators": [{"key": "updated", "value": "someday"}]}), InvalidArgument, 1),
    "429": (Fault(429, "Too Many Requests"), RateLimited, 4),
    "429 with seconds": (Fault(429, "slow down", {"retry-after": "2"}), RateLimited, 4),
    "429 with a date": (
        Fault(429, "", {"retry-after": format_datetime(START + timedelta(seconds=3), usegmt=True),
                        "date": format_datetime(START, usegmt=True)}), RateLimited, 4),
    "429 with milliseconds": (Fault(429, "", {"retry-after-ms": "1500"}), RateLimited, 4),
    "429 with nonsense": (Fault(429, "", {"retry-after": "soon"}), RateLimited, 4),
    "429 with an hour": (Fault(429, "", {"retry-after": "3600"}), RateLimited, 1),
    "500": (Fault(500, "Something went wrong"), Unavailable, 1),
    "502 with a page": (Fault(502, PAGE, {"content-type": "text/html"}), Unavailable, 4),
    "503": (Fault(503, "upstream unavailable"), Unavailable, 4),
    "reset before the headers": (Fault(error=httpx.ReadError("reset")), Unavailable, 4),
    "refused": (Fault(error=httpx.ConnectError("refused")), Unavailable, 4),
    "cut body": (Fault(200, {"results": [], "hasMore": False}, cut=True), BadResponse, 2),
    "no JSON": (Fault(200, '{"hasMore": fal'), BadResponse, 2),
    "a page": (Fault(200, PAGE, {"content-type": "text/html"}), BadResponse, 2),
    "a list": (Fault(200, "[1, 2]"), BadResponse, 2),
    "slow": (Fault(error=httpx.ReadTimeout("slow")), DeadlineExceeded, 2),
    "redirect elsewhere": (Fault(302, "", {"location": "https://elsewhere.example/login"}), BadResponse, 1),
}  # fmt: skip


WAITS = {"429 with seconds": 2.0, "429 with a date": 3.0, "429 with milliseconds": 1.5}


def tenant(count=9):
    it = Tenant(Variant(page_size=4))
    for number in range(count):
        it.add("C1", f"m{number}", START + timedelta(minutes=number), f"hello {number}")
    it.chats["c1"] = {"id": "c1", "name": "Chat", "messages": []}
    return it


def require_plain(error):
    said = str(error)
    assert len(said) < 400
    assert "<" not in said
    assert "glean_test_token" not in said
    assert said.endswith(".")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("read", READS)
async def test_a_read_fails_as_what_it_is_after_the_right_number_of_tries(read, fault, waits):
    served, kind, tries = FAULTS[fault]
    server = GleanServer(tenant())
    server.always = served
    async with opened(server) as account:
        with pytest.raises(kind) as caught:
            await READS[read](account)
        assert type(caught.value) is kind
        require_plain(caught.value)
        assert len(server.journal) == tries
        server.always = None
        await READS[read](account)
    if fault in WAITS:
        assert waits == [WAITS[fault]] * 3


@pytest.mark.parametrize("read", READS)
async def test_forbidden_is_said_as_such_or_as_not_there(read, waits):
    server = GleanServer(tenant())
    server.always = Fault(403, "Forbidden")
    kind = NotFound if read == "get_message" else PermissionDenied
    async with opened(server) as account:
        with pytest.raises(kind) as caught:
            await READS[read](account)
    require_plain(caught.value)
    assert len(server.journal) == 1


@pytest.mark.parametrize("endpoint", ["messages", "search"])
async def test_a_content_type_that_is_wrong_is_no_matter(endpoint, waits):
    server = GleanServer(tenant())
    server.always = Fault(
        200, '{"hasMore": false, "searchResponse": null, "results": null}', {"content-type": "image/png"}
    )
    async with opened(server) as account:
        read = "list_messages" if endpoint == "messages" else "search_messages"
        assert list((await READS[read](account)).items) == []


WRITE_FAULTS = {
    "400": (Fault(400, "bad"), InvalidArgument, 1, False),
    "401": (FAULTS["401"][0], Unauthenticated, 1, False),
    "403": (Fault(403, "Forbidden"), PermissionDenied, 1, False),
    "404": (FAULTS["404"][0], NotFound, 1, False),
    "429": (FAULTS["429"][0], RateLimited, 4, False),
    "429 with seconds": (FAULTS["429 with seconds"][0], RateLimited, 4, False),
    "503 with seconds": (Fault(503, "", {"retry-after": "1"}), Unavailable, 4, False),
    "refused": (FAULTS["refused"][0], Unavailable, 4, False),
    "408": (FAULTS["408"][0], OutcomeUnknown, 1, None),
    "500": (FAULTS["500"][0], OutcomeUnknown, 1, None),
    "502 with a page": (FAULTS["502 with a page"][0], OutcomeUnknown, 1, None),
    "503": (FAULTS["503"][0], OutcomeUnknown, 1, None),
    "reset": (FAULTS["reset before the headers"][0], OutcomeUnknown, 1, None),
    "cut body": (FAULTS["cut body"][0], OutcomeUnknown, 1, None),
    "no JSON": (FAULTS["no JSON"][0], OutcomeUnknown, 1, None),
    "a page": (FAULTS["a page"][0], OutcomeUnknown, 1, None),
    "a list": (FAULTS["a list"][0], OutcomeUnknown, 1, None),
    "slow": (FAULTS["slow"][0], OutcomeUnknown, 1, None),
}


@pytest.mark.parametrize("fault", WRITE_FAULTS)
async def test_a_question_is_repeated_only_when_it_was_certainly_not_asked(fault, waits):
    served, kind, tries, sent = WRITE_FAULTS[fault]
    server = GleanServer(tenant())
    server.always = lambda endpoint, _: served if endpoint == "chat" else None
    async with opened(server) as account:
        with pytest.raises(kind) as caught:
            await account.send_message("chat.c1", Draft(text="Are you there?"))
    assert (type(caught.value), caught.value.sent) == (kind, sent)
    assert len(server.sent("chat")) == tries
    require_plain(caught.value)
    if sent is None:
        assert "list_messages" in str(caught.value)


async def test_a_busy_service_is_asked_again_and_the_question_is_asked_once(waits):
    server = GleanServer(tenant())
    server.faults = [Fault(429, "", {"retry-after": "2"}), Fault(503, "", {"retry-after": "1"})]
    async with opened(server) as account:
        message = await account.send_message("chat.c1", Draft(text="Hello?"))
    assert message.text == "You said: Hello?"
    assert len(server.tenant.chats["c1"]["messages"]) == 2
    assert {2.0, 1.0} <= set(waits)


async def test_chats_are_asked_at_most_every_two_seconds(waits):
    server = GleanServer(tenant())
    async with opened(server) as account, anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(account.send_message, "chat.c1", Draft(text=f"{number}"))
    assert sum(waits) >= 3.9
    assert len(server.sent("chat")) == 3


async def test_a_body_without_end_is_given_up(waits):
    async def endless():
        while True:
            yield b" " * 1_000_000

    async def handle(_):
        return httpx.Response(200, content=endless())

    class Flood(GleanServer):
        @property
        def transport(self):
            return httpx.MockTransport(handle)

    async with opened(Flood(tenant())) as account:
        with pytest.raises(BadResponse):
            await account.list_messages(CHANNEL, MessageQuery())


RANDOM = [
    *(FAULTS[name][0] for name in ("429", "502 with a page", "503", "reset before the headers", "refused", "cut body")),
    FAULTS["no JSON"][0],
    FAULTS["slow"][0],
    FAULTS["500"][0],
    FAULTS["401"][0],
]


class Weather:
    """One request in five fails, in a way of its own and before or after it was carried out."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.server = None
        self.calls = 0

    def __call__(self, endpoint, body):
        self.calls += 1
        if self.random.random() > 0.2:
            return None
        if endpoint == "chat" and self.random.random() < 0.5:
            self.server._chat(body)  # it was asked all the same
            return self.random.choice([FAULTS["503"][0], FAULTS["reset before the headers"][0], FAULTS["slow"][0]])
        return self.random.choice(RANDOM)


async def test_calls_in_bad_weather_lose_and_double_nothing(waits):
    weather = Weather(7)
    server = weather.server = GleanServer(tenant(23))
    server.always = weather
    outcomes, asked, calls = Counter(), Counter(), 0
    async with opened(server) as account:
        while weather.calls < CALLS_AT_RANDOM:
            calls += 1
            order = list(Order)[calls % 2]
            try:
                if calls % 4 == 0:
                    text = f"question {calls}"
                    answer = await account.send_message("chat.c1", Draft(text=text))
                    assert answer.text == f"You said: {text}"
                    asked[text] = 1
                elif calls % 4 == 1:
                    found = await account.search_messages(SearchQuery(text="hello", limit=100))
                    assert sorted(hit.message.id for hit in found.items) == sorted(f"m{n}" for n in range(23))
                elif calls % 4 == 2:
                    assert (await account.get_message(CHANNEL, f"m{calls % 23}")).text == f"hello {calls % 23}"
                else:
                    pages = await read_all(account, CHANNEL, MessageQuery(order=order))
                    joined = [one for page in (pages if order is Order.OLDEST else pages[::-1]) for one in page]
                    assert joined == [f"m{n}" for n in range(23)]
                outcomes["right"] += 1
            except OutcomeUnknown:
                assert calls % 4 == 0
                asked[text] = None
                outcomes["unknown"] += 1
            except (BadResponse, DeadlineExceeded, RateLimited, Unauthenticated, Unavailable):
                outcomes["failed"] += 1
    _require_once(server, asked)
    assert min(outcomes.values()) > 10
    assert len(server.journal) >= 0.9 * CALLS_AT_RANDOM


def _require_once(server, asked):
    """Every question that was answered is there once, one of unknown fate at most once, and no other one."""
    questions = Counter(
        one["fragments"][0]["text"] for one in server.tenant.chats["c1"]["messages"] if one["author"] == "USER"
    )
    assert max(questions.values()) == 1
    assert {text for text, sure in asked.items() if sure} <= questions.keys() <= asked.keys()


async def test_giving_up_a_call_leaves_the_account_usable():
    server = GleanServer(tenant())
    reached, stay = anyio.Event(), anyio.Event()

    async def hanging(request):
        reached.set()
        await stay.wait()
        return await GleanServer.handle(server, request)

    server.handle = hanging
    async with opened(server) as account:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(account.list_messages, CHANNEL, MessageQuery())
            with anyio.fail_after(60):
                await reached.wait()
            tasks.cancel_scope.cancel()
        stay.set()
        assert len((await account.list_messages(CHANNEL, MessageQuery())).items) == 4
