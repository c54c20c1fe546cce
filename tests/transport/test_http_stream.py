from itertools import pairwise

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_service import Reply, http, serving

from dragoman.core.errors import BadResponse, DeadlineExceeded, OutcomeUnknown, Unavailable
from dragoman.transport.http import Event, HttpClient, ServiceProfile
from dragoman.transport.http.response import UnreadableBodyError
from dragoman.transport.http.sse import LineSplitter, events_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

PROFILE = ServiceProfile(service="Pigeon Post")
EVENTS = (
    b'\xef\xbb\xbf: hello\r\nevent: start\r\nid: 7\r\ndata: {"a":1}\r\n\r\n'
    b"data:one\ndata\ndata:  two\n\nretry: 5\nevent: lost\n\rdata: \xe2\x82\xac\r\revent: cut\ndata: off"
)
EXPECTED = [
    Event("start", '{"a":1}', "7"),
    Event("message", "one\n\n two", "7"),
    Event("message", "€", "7"),
    Event("cut", "off", "7"),
]


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


async def collect(iterator):
    return [item async for item in iterator]


async def collect_into(found, iterator):
    async for item in iterator:
        found.append(item)


async def test_events_are_read_however_lines_end():
    pieces = [EVENTS[i : i + 7] for i in range(0, len(EVENTS), 7)]
    async with (
        serving(Reply(chunked(*pieces))) as service,
        HttpClient(service.url, profile=PROFILE) as client,
        client.stream("POST", "/x", kind="write", json={}) as stream,
    ):
        assert stream.content_type == "text/event-stream"
        assert await collect(stream.events()) == EXPECTED


@given(st.lists(st.integers(0, len(EVENTS)), max_size=12))
def test_events_are_the_same_however_the_bytes_are_split(cuts):
    places = [0, *sorted(cuts), len(EVENTS)]

    async def lines():
        splitter = LineSplitter()
        for start, end in pairwise(places):
            for line in splitter.feed(EVENTS[start:end]):
                yield line
        if (last := splitter.finish()) is not None:
            yield last

    async def run():
        return await collect(events_of(lines()))

    assert anyio.run(run) == EXPECTED


async def test_lines_are_read_and_only_line_ends_end_them():
    body = '{"a":"\u2028"}\n\r\n{"b":2}'.encode()
    async with (
        serving(http(200, body)) as service,
        HttpClient(service.url, profile=PROFILE) as client,
        client.stream("GET", "/x", kind="read") as stream,
    ):
        assert await collect(stream.lines()) == ['{"a":"\u2028"}', "", '{"b":2}']


async def test_a_service_that_answers_at_once_is_read_whole():
    async with (
        serving(http(200, {"a": 1})) as service,
        HttpClient(service.url, profile=PROFILE) as client,
        client.stream("GET", "/x", kind="read") as stream,
    ):
        assert await stream.read() == {"a": 1}


BREAKS = {
    "cut": (chunked(b"data: 1\n\n", end=b""), "close", BadResponse),
    "reset": (chunked(b"data: 1\n\n", end=b""), "reset", Unavailable),
    "silent": (chunked(b"data: 1\n\n", end=b""), "hang", DeadlineExceeded),
}


@pytest.mark.parametrize("kind", ["read", "write"])
@pytest.mark.parametrize("name", BREAKS)
async def test_what_came_before_a_break_is_delivered_and_then_the_break_is_told(kind, name):
    data, end, error = BREAKS[name]
    events = []
    async with (
        serving(Reply(data, end)) as service,
        HttpClient(service.url, profile=PROFILE) as client,
        client.stream("POST", "/x", kind=kind, idle_timeout=0.2) as stream,
    ):
        with pytest.raises(error if kind == "read" else OutcomeUnknown):
            await collect_into(events, stream.events())
    assert len(events) <= 1 if end == "reset" else len(events) == 1
    assert len(service.requests) == 1


async def test_a_stream_without_end_is_bounded():
    flood = Reply(b"HTTP/1.1 200 OK\r\n\r\n", "flood", b"x" * 65536)
    async with serving(flood) as service, HttpClient(service.url, profile=PROFILE, max_body=1 << 20) as client:
        with pytest.raises(BadResponse, match="larger than 1 MiB"):
            async with client.stream("GET", "/x", kind="read") as stream:
                await collect(stream.lines())


async def test_a_stream_has_a_last_moment_even_when_it_is_never_silent():
    flood = Reply(b"HTTP/1.1 200 OK\r\n\r\n", "flood", b": still here\n" * 5000)
    async with serving(flood) as service, HttpClient(service.url, profile=PROFILE) as client:
        with pytest.raises(DeadlineExceeded):
            async with client.stream("GET", "/x", kind="read", total=0.05) as stream:
                await collect(stream.events())


def test_a_line_without_end_is_bounded():
    splitter = LineSplitter(longest=100)
    assert [list(splitter.feed(b"x" * 10)) for _ in range(10)] == [[]] * 10
    with pytest.raises(UnreadableBodyError):
        list(splitter.feed(b"x"))


async def test_an_event_without_end_is_bounded():
    lines = 0

    async def endless():
        nonlocal lines
        while lines < 50:
            lines += 1
            yield "data: " + "x" * (1 << 20)

    with pytest.raises(UnreadableBodyError, match="too large"):
        await collect(events_of(endless()))
    assert lines <= 5


async def test_opening_is_tried_again_and_leaving_early_frees_the_place():
    endless = Reply(chunked(b"data: 1\n\n", end=b""), "hang")
    async with (
        serving(http(503), endless, http(200, {"a": 1})) as service,
        HttpClient(service.url, profile=PROFILE, concurrency=1) as client,
    ):
        async with client.stream("GET", "/x", kind="read") as stream:
            async for event in stream.events():
                assert event.data == "1"
                break
        assert (await client.get("/x")).value == {"a": 1}
    assert len(service.requests) == 3


async def test_opening_a_write_is_not_tried_again_when_it_may_have_begun():
    async with serving(http(502)) as service, HttpClient(service.url, profile=PROFILE) as client:
        with pytest.raises(OutcomeUnknown):
            async with client.stream("POST", "/x", kind="write"):
                pass
    assert len(service.requests) == 1


async def test_a_provider_s_own_end_mark_that_is_missing_is_told_by_kind():
    async with (
        serving(http(200, "data: 1\n\n")) as service,
        HttpClient(service.url, profile=PROFILE) as client,
        client.stream("POST", "/x", kind="write") as stream,
    ):
        error = stream.failure("The answer stopped early")
    assert isinstance(error, OutcomeUnknown)
