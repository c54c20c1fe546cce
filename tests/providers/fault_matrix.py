"""Faults of services over HTTP, what each has to become, and weather in which they come at random.

A provider's suite names its own faults, and its own calls; the sentences, counts and walks are checked here.
"""

import random
from dataclasses import dataclass

import httpx
import pytest

from dragoman.core.errors import (
    BadResponse,
    DeadlineExceeded,
    DragomanError,
    NotFound,
    OutcomeUnknown,
    Unavailable,
)
from dragoman.core.model import Order
from dragoman.providers.base.provider import MessageQuery

PAGE = "<!doctype html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"
ELSEWHERE = {"location": "https://evil.example/x"}
CALLS_AT_RANDOM = 700  # of one provider, shared by the ways in which its service lists
UNCERTAIN = ["500", "502 page", "503", "504", "reset", "slow", "cut body", "no JSON", "page", "empty"]
"""Names of the faults after which a write may have happened."""


@dataclass(frozen=True)
class Fault:
    """What happens, and for a read and a write: the error and how many requests there are."""

    act: object
    read: type[DragomanError]
    reads: int
    write: type[DragomanError]
    writes: int


def both(act, error, requests=1):
    """A fault that is the same for reads and writes."""
    return Fault(act, error, requests, error, requests)


def doubtful(act, error, reads):
    """A fault after which nobody knows whether a write happened."""
    return Fault(act, error, reads, OutcomeUnknown, 1)


def failing(error):
    def act():
        raise error

    return act


def cut_body():
    """An answer that ends in the middle of its JSON."""

    async def body():
        yield b'{"id": "msg'
        raise httpx.RemoteProtocolError("cut")

    return httpx.Response(200, content=body(), headers={"content-type": "application/json"})


def http_faults(attempts):
    """What can go wrong with any service over HTTP, by name; ``attempts`` is how often a read is tried."""
    return {
        "404 page": both(lambda: httpx.Response(404, html=PAGE), NotFound),
        "502 page": doubtful(lambda: httpx.Response(502, html=PAGE), Unavailable, attempts),
        "refused": both(failing(httpx.ConnectError("no")), Unavailable, attempts),
        "reset": doubtful(failing(httpx.ReadError("reset")), Unavailable, attempts),
        "slow": doubtful(failing(httpx.ReadTimeout("slow")), DeadlineExceeded, 2),
        "cut body": doubtful(cut_body, BadResponse, 2),
        "no JSON": doubtful(lambda: httpx.Response(200, text='{"id": "ms'), BadResponse, 2),
        "no object": doubtful(lambda: httpx.Response(200, json=[1, "x"]), BadResponse, 2),
        "page": doubtful(lambda: httpx.Response(200, html=PAGE), BadResponse, 2),
        "empty": doubtful(lambda: httpx.Response(200), BadResponse, 2),
        "elsewhere": doubtful(lambda: httpx.Response(302, headers=ELSEWHERE), BadResponse, 1),
    }


def each(operations, faults, most="list_messages"):
    """Each operation with each fault of the service, and one operation with those of any service over HTTP as well."""
    shared = http_faults(1).keys()
    return [(name, fault) for name in operations for fault in faults if name == most or fault not in shared]


def strike(fault, operation):
    """What a service does before each request: the fault, where it is this operation."""
    return lambda request: fault.act() if request.operation == operation else None


async def listen(_done, _text):
    """Somebody who waits for progress and does nothing with it."""


def require_plain(error, *secrets):
    said = str(error)
    assert "\n" not in said
    assert "<" not in said
    assert "evil" not in said
    assert not any(secret in said for secret in secrets)
    assert len(error.message.split()) >= 3
    assert error.operation


async def require_read_error(opened, service, operation, call, fault, *secrets):
    """A failing read is the right error after the right number of requests."""
    async with opened(service) as account:
        with pytest.raises(fault.read) as caught:
            await call(account)
    assert type(caught.value) is fault.read
    require_plain(caught.value, *secrets)
    assert len(service.calls(operation)) == fault.reads


async def require_write_error(opened, service, operation, call, fault, *secrets):
    """A failing write is the right error, and is never repeated in doubt."""
    async with opened(service) as account:
        with pytest.raises(fault.write) as caught:
            await call(account)
    assert type(caught.value) is fault.write
    assert caught.value.sent is (None if fault.write is OutcomeUnknown else False)
    require_plain(caught.value, *secrets)
    assert len(service.calls(operation)) == fault.writes


async def require_labels_ignored(opened, room, operation, call):
    """A wrong content type is no fault."""

    def mislabel(request, answer):
        if request.operation == operation:
            answer.headers["content-type"] = "text/html"

    service = room(after=mislabel)
    async with opened(service) as account:
        assert await call(account)
    assert len(service.calls(operation)) == 1


class Weather:
    """Faults that come at random, before a request is carried out or after it was."""

    def __init__(self, seed, faults, certain, uncertain=UNCERTAIN):
        self.random = random.Random(seed)
        self.calm = False
        self._faults = faults
        self._certain = certain
        self._uncertain = uncertain

    def before(self, *_):
        return self._strike(self._uncertain + self._certain, 0.25)

    def after(self, *_):
        return self._strike(self._uncertain, 0.15)

    def _strike(self, kinds, chance):
        if self.calm or self.random.random() >= chance:
            return None
        return self._faults[self.random.choice(kinds)].act()


async def call_at_random(account, weather, reader, writer):
    """Two reads to each write, under this weather; then it is calm."""
    for number in range(CALLS_AT_RANDOM // 2):
        job = reader.one if number % 3 else writer.one
        await job(account, weather.random)
    weather.calm = True


def require_enough(reader, writer):
    """The weather was such that everything came about often enough to say something."""
    assert reader.walks >= 6
    assert writer.sure >= 15
    assert writer.unknown >= 6


class Reading:
    """Walks through a conversation again and again; a call that fails is repeated."""

    def __init__(self, ids, sizes, conversation="reading"):
        self.ids = ids
        self.sizes = sizes
        self.conversation = conversation
        self.walks = 0
        self._restart()

    def _restart(self):
        self.order = Order.LATEST if self.walks % 2 else Order.OLDEST
        self.cursor, self.found = None, []

    async def one(self, account, chance):
        query = MessageQuery(order=self.order, limit=chance.choice(self.sizes), cursor=self.cursor)
        try:
            page = await account.list_messages(self.conversation, query)
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
    """Writes a new text each time, and remembers how often it may be there."""

    def __init__(self):
        self.claims = {}
        self.sure = self.unknown = 0

    async def one(self, account, chance):
        text = f"Text {len(self.claims)}"
        try:
            message = await self.write(account, chance, text, len(self.claims))
        except OutcomeUnknown:
            self.claims[text] = {0, 1}
            self.unknown += 1
        except DragomanError as error:
            self.claims[text] = {0} if error.sent is False else set()
        else:
            self.require_answer(message, text)
            self.claims[text] = {1}
            self.sure += 1

    def require_answer(self, message, text):
        assert message.text == text

    def require_sound(self, stored):
        for text, times in self.claims.items():
            assert stored.count(text) in times, f"{text} is there {stored.count(text)} times instead of {times}"
