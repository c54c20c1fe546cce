"""What no client can do: hold a connection by taking its answer slowly, or fill the memory behind a body."""

import asyncio
import logging

import anyio
import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from dragoman_server.config.http import HttpSettings
from dragoman_server.transports.http.connection.bounded_protocol import protocol_class

pytestmark = pytest.mark.anyio

PATIENCE = 600.0
"""Seconds that a client may take."""
POST = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"


class Line(asyncio.Transport):
    """What a connection writes to, of which the client takes nothing."""

    def __init__(self):
        super().__init__()
        self.sent = b""
        self.closing = False
        self.aborted = anyio.Event()

    def get_extra_info(self, _name, default=None):
        return default

    def write(self, data):
        self.sent += data

    def get_write_buffer_size(self):
        return len(self.sent)

    def can_write_eof(self):
        return False

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True

    def abort(self):
        self.closing = True
        self.aborted.set()


async def answer(_scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
    await send({"type": "http.response.body", "body": b"an answer"})


@pytest.fixture
async def connection(anyio_backend):
    config = Config(answer, ws="none", log_level=logging.ERROR, access_log=False)
    config.load()
    settings = HttpSettings(client_timeout=PATIENCE, idle_timeout=3600)
    made = protocol_class(settings)(config=config, server_state=ServerState(), app_state={})
    made.connection_made(Line())
    return made


async def answered(connection, times=1):
    with anyio.fail_after(60):
        while connection.transport.sent.count(b"an answer") < times:
            await anyio.lowlevel.checkpoint()


async def cut_off(connection, skip_time):
    await skip_time(PATIENCE)
    with anyio.fail_after(60):
        await connection.transport.aborted.wait()


async def test_who_does_not_take_the_last_answer_is_cut_off(connection, skip_time):
    connection.data_received(POST + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
    await answered(connection)
    assert connection.transport.closing
    await cut_off(connection, skip_time)


async def test_who_ends_and_does_not_take_the_answer_is_cut_off(connection, skip_time):
    connection.data_received(POST + b"Content-Length: 0\r\n\r\n")
    await answered(connection)
    connection.eof_received()
    await cut_off(connection, skip_time)


async def test_taking_an_answer_at_last_gives_no_time_for_the_head_that_was_begun_meanwhile(connection, skip_time):
    connection.pause_writing()
    connection.data_received(POST + b"Content-Length: 0\r\n\r\n")
    connection.resume_writing()
    await answered(connection)
    connection.pause_writing()
    connection.data_received(b"POST /mcp HT")
    connection.resume_writing()
    await cut_off(connection, skip_time)


async def test_taking_an_answer_at_last_does_not_undo_a_goodbye(connection, skip_time):
    connection.data_received(POST + b"Content-Length: 0\r\n\r\n")
    await answered(connection)
    connection.pause_writing()
    connection.data_received(b"\x00 no HTTP\r\n\r\n")
    connection.resume_writing()
    await cut_off(connection, skip_time)


async def test_what_is_said_behind_a_body_is_not_kept(connection):
    connection.data_received(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
    for _ in range(100):
        connection.data_received(b"x: y\r\n" * 100)
    assert len(connection.headers) == 2
    connection.data_received(b"\r\n")
    await answered(connection)


async def test_a_long_body_before_it_makes_no_head_too_long(connection):
    body = b"x" * 40_000
    connection.data_received(POST + b"Content-Length: 40000\r\n\r\n" + body + POST)
    connection.data_received(b"Content-Length: 0\r\n\r\n")
    await answered(connection, times=2)


async def test_who_offers_another_protocol_and_wants_to_close_is_let_go(connection):
    connection.data_received(POST + b"Connection: close, Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n")
    await answered(connection)
    assert b"connection: close" in connection.transport.sent
