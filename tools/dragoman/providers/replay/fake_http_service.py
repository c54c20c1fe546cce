"""A small HTTP service on a port of this machine that nobody else can reach."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from dragoman.providers.replay import Record, Replay

JSON: Final = "application/json"
"""The media type of most answers."""

_LARGEST: Final = 1 << 20  # bytes of a request; a demonstration asks for little


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked.

    Attributes:
        route: Method and decoded segments of the path.
        body: The JSON object, or the fields of a form; empty without one.
    """

    route: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Record = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; a text is sent as it is, anything else as JSON."""

    body: object
    status: int = HTTPStatus.OK
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Answer: TypeAlias = Callable[[Request], Reply]


@contextmanager
def serving(token: str, answer: Answer) -> Generator[str]:
    """Serve until the context is left.

    Args:
        token: Every request has to carry it as a bearer token.
        answer: Called for one request at a time.

    Yields:
        The address, without a path.
    """
    server = _Server(token, answer)
    # Shutting down waits for one interval; the usual half a second would be felt in every demonstration.
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def http_replay(package: str, begin: Callable[[], Answer], *, path: str = "") -> Replay:
    """The replay of a service over HTTP.

    Args:
        package: Full name of the provider's package, which has the recording.
        begin: Makes a service that is as it was recorded.
        path: What every path of the service begins with.
    """

    @contextmanager
    def serve() -> Generator[Mapping[str, str | bool]]:
        token = "replay"  # noqa: S105 - of no service
        with serving(token, begin()) as address:
            yield {"base_url": f"{address}{path}", "token": token, "write": "confirm"}

    return Replay.recorded(package, serve)


class _Server(ThreadingHTTPServer):
    """Who may ask, who answers, and one question at a time."""

    def __init__(self, token: str, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authorization = f"Bearer {token}"
        self.answer = answer
        self.lock = Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # the head and the body of an answer are sent apart
    timeout = 60
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]  # only that one makes it

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing: stderr belongs to the demonstration."""

    def _answer(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        if size > _LARGEST:
            # The body stays unread, so nothing more can be understood on this connection.
            self.close_connection = True
            self._send(Reply({"message": "too large"}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            return
        content = self.rfile.read(size)
        if self.headers.get("authorization") != self.server.authorization:
            self._send(Reply({"message": "the token is not known"}, HTTPStatus.UNAUTHORIZED))
            return
        with self.server.lock:
            reply = self.server.answer(_request(self.command, self.path, content, self.headers["content-type"] or ""))
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body, ensure_ascii=False)
        data = body.encode()
        self.send_response(reply.status)
        self.send_header("content-type", reply.media_type)
        self.send_header("content-length", str(len(data)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _request(method: str, target: str, content: bytes, media_type: str) -> Request:
    url = urlsplit(target)
    parts = [unquote(part) for part in url.path.strip("/").split("/")]
    is_form = media_type.startswith("application/x-www-form-urlencoded")
    fields = parse_qsl(content.decode(), keep_blank_values=True) if is_form else ()
    body: Record = json.loads(content) if content and not is_form else dict(fields)
    return Request((method, *parts), dict(parse_qsl(url.query, keep_blank_values=True)), body)


def absent(what: str) -> Reply:
    """The answer for what is not there."""
    return Reply({"message": f"{what} is not found"}, HTTPStatus.NOT_FOUND)
