"""Requests that are sent ahead of their answers: few are parsed at a time, and all are answered in order."""

import itertools
import logging

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.server import ServerState

from dragoman_server.config.http import HttpSettings
from dragoman_server.transports.http.connection.bounded_protocol import protocol_class
from dragoman_server.transports.http.connection.serial_protocol import LARGEST_HEAD

pytestmark = pytest.mark.anyio

SMALLEST = b"GET / HTTP/1.1\r\n\r\n"


class Line:
    """The transport of a connection: remembers what was sent, and whether the socket is read."""

    def __init__(self):
        self.sent = b""
        self.reading = True
        self.closing = False

    def get_extra_info(self, _name, default=None):
        return default

    def write(self, data):
        self.sent += data

    def get_write_buffer_size(self):
        return 0

    def can_write_eof(self):
        return False

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True

    abort = close


class App:
    """Answers each request with its path and its body; it can be told to wait."""

    def __init__(self):
        self.begun: list[str] = []
        self.gate = anyio.Event()
        self.gate.set()

    async def __call__(self, scope, receive, send):
        self.begun.append(scope["path"])
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        await self.gate.wait()
        said = f"<{scope['path']} {len(body)}>".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
        await send({"type": "http.response.body", "body": said})


def connections(app, number=1):
    config = Config(app, ws="none", log_level=logging.ERROR, access_log=False)
    config.load()
    made = protocol_class(HttpSettings(client_timeout=5))
    found = [made(config=config, server_state=ServerState(), app_state={}) for _ in range(number)]
    for connection in found:
        connection.connection_made(Line())
    return found


async def until(true):
    with anyio.fail_after(60):
        while not true():
            await anyio.lowlevel.checkpoint()


async def idle():
    for _ in range(50):
        await anyio.lowlevel.checkpoint()


async def test_of_ten_thousand_requests_sent_ahead_only_a_few_are_parsed_before_the_first_is_answered():
    app = App()
    app.gate = anyio.Event()
    (connection,) = connections(app)
    connection.data_received(SMALLEST * 10_000)
    await idle()
    assert len(app.begun) == 1
    assert len(connection.pipeline) <= 1
    assert not connection.transport.reading
    app.gate.set()
    await until(lambda: connection.transport.sent.count(b"HTTP/1.1 200") == 10_000)
    assert connection.transport.reading


async def test_a_body_behind_a_request_at_work_waits_unparsed_and_unread():
    app = App()
    app.gate = anyio.Event()
    (connection,) = connections(app)
    connection.data_received(SMALLEST + b"POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 60_000)
    await idle()
    assert len(app.begun) == 1
    assert not connection.transport.reading
    assert connection.cycle.body == b""


async def test_a_newcomer_is_served_before_a_crowd_has_gone_through_what_it_sent_ahead():
    app = App()
    *crowd, newcomer = connections(app, 201)
    for connection in crowd:
        connection.data_received(SMALLEST * 500)
    await until(lambda: len(app.begun) > 1000)
    newcomer.data_received(b"GET /newcomer HTTP/1.1\r\n\r\n")
    before = len(app.begun)
    await until(lambda: newcomer.transport.sent)
    assert len(app.begun) - before < 400
    for connection in crowd:
        connection.connection_lost(None)


async def test_a_place_in_the_queue_is_free_again_when_its_connection_is_lost():
    app = App()
    app.gate = anyio.Event()
    *gone, last = connections(app, 41)
    for connection in (*gone, last):
        connection.data_received(SMALLEST * 3)
    app.gate.set()
    await until(lambda: len(app.begun) > 41)
    for connection in gone:
        connection.connection_lost(None)
    await until(lambda: last.transport.sent.count(b"HTTP/1.1 200") == 3)


async def test_bytes_of_which_no_request_can_come_do_not_hold_a_place_in_the_queue():
    app = App()
    *crowd, last = connections(app, 41)
    for connection in crowd:
        connection.data_received(SMALLEST + b"\x00 no HTTP\r\n\r\n")
    last.data_received(SMALLEST * 3)
    await until(lambda: last.transport.sent.count(b"HTTP/1.1 200") == 3)


@pytest.mark.parametrize("size", [1, 3, 1000, 1 << 20])
@pytest.mark.parametrize("begin", [b"GET / HTTP/1.1\r\nX: ", b"\r\n" * 8000 + b"GET / HTTP/1.1\r\nX: ", b"GET /"])
async def test_every_byte_before_a_body_counts_however_it_arrives(begin, size):
    for over in (0, 1):
        end = b" HTTP/1.1\r\n\r\n" if begin == b"GET /" else b"\r\n\r\n"
        head = begin + b"x" * (LARGEST_HEAD + over - len(begin) - len(end)) + end
        (connection,) = connections(App())
        for at in range(0, len(head), size):
            connection.data_received(head[at : at + size])
        await until(lambda: connection.transport.sent)  # noqa: B023  # called at once
        assert connection.transport.sent.startswith(b"HTTP/1.1 400" if over else b"HTTP/1.1 200")


async def test_a_head_behind_another_request_is_counted_too():
    for first in (SMALLEST, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\n\n\n\r\n0\r\n\r\n"):
        (connection,) = connections(App())
        connection.data_received(first + b"GET / HTTP/1.1\r\nX: " + b"x" * LARGEST_HEAD + b"\r\n\r\n")
        await until(lambda: b"HTTP/1.1 400" in connection.transport.sent)  # noqa: B023  # called at once
        assert connection.transport.sent.count(b"HTTP/1.1 200") == 1


BODIES = st.one_of(st.binary(max_size=300), st.sampled_from([b"\n\n" * 100, b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]))
REQUESTS = st.lists(st.tuples(st.sampled_from(["none", "length", "chunked", "offer"]), BODIES), min_size=1, max_size=8)


def wire(at, kind, body):
    if kind == "none":
        return b"GET /%d HTTP/1.1\r\n\r\n" % at, 0
    offer = b"Connection: Upgrade\r\nUpgrade: h2c\r\n" if kind == "offer" else b""
    if kind == "chunked":
        half = len(body) // 2
        parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part)
        return b"POST /%d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%s0\r\nX: y\r\n\r\n" % (at, parts), len(body)
    return b"POST /%d HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (at, offer, len(body), body), len(body)


@settings(deadline=None)
@given(REQUESTS, st.lists(st.integers(0, 3000), max_size=20))
def test_however_the_bytes_arrive_each_request_is_answered_once_and_in_order(requests, cuts):
    sent = [wire(at, kind, body) for at, (kind, body) in enumerate(requests)]
    stream = b"".join(data for data, _ in sent)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    expected = [f"</{at} {size}>".encode() for at, (_, size) in enumerate(sent)]

    async def run():
        (connection,) = connections(App())
        for begin, end in itertools.pairwise(places):
            connection.data_received(stream[begin:end])
            await anyio.lowlevel.checkpoint()
        await until(lambda: connection.transport.sent.count(b"HTTP/1.1 200") == len(expected))
        found = [connection.transport.sent.index(said) for said in expected]
        assert found == sorted(found)

    anyio.run(run)
