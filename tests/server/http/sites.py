"""Servers on loopback, and a client that says exactly what a test wants said."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import forked_program

MODERN = "2026-07-28"
LEGACY = "2025-06-18"
ACCEPT = "application/json, text/event-stream"
NUMBERS = count(100)
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}


@dataclass
class Answer:
    """What came back: status, headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, object]:
        """The JSON-RPC message, from plain JSON or the last event of a stream."""
        if "event-stream" in self.headers.get("content-type", ""):
            data = [line[6:] for line in self.body.decode().splitlines() if line.startswith("data: ")]
            return json.loads(data[-1])
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The text of a tool's answer."""
        return self.message["result"]["content"][0]["text"]

    @property
    def sentence(self) -> str:
        """What an error says."""
        return self.message["error"]["message"]


@dataclass
class Site:
    """A server on loopback."""

    process: subprocess.Popen[bytes]
    port: int
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=100)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers=headers)

    def post(self, body: bytes, token: str | None = None, **headers: str) -> Answer:
        """POST to the endpoint; a header given as an empty text is left out."""
        given = {"Content-Type": "application/json", "Accept": ACCEPT, "MCP-Protocol-Version": LEGACY}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", "/mcp", body, {name: value for name, value in given.items() if value})

    def ask(
        self, method: str, params: dict[str, object] | None = None, token: str | None = None, **headers: str
    ) -> Answer:
        """A request of the older era."""
        return self.post(rpc(method, params), token, **headers)

    def ask_modern(
        self, method: str, params: dict[str, object] | None = None, token: str | None = None, **more: str
    ) -> Answer:
        """A request of the newer era."""
        params = {**(params or {}), "_meta": META}
        headers = {"MCP_Protocol_Version": MODERN, "Mcp_Method": method}
        if "name" in params:
            headers["Mcp_Name"] = str(params["name"])
        return self.post(rpc(method, params), token, **(headers | more))

    def call(self, tool: str, token: str | None = None, **arguments: object) -> Answer:
        return self.ask("tools/call", {"name": tool, "arguments": arguments}, token)

    def session(self, token: str | None = None, version: str = "2025-11-25", **capabilities: object) -> Session:
        """A session of the older era, initialized."""
        client = {"name": "test", "version": "1"}
        params = {"protocolVersion": version, "capabilities": capabilities, "clientInfo": client}
        answer = self.ask("initialize", params, token)
        assert answer.status == 200, answer.body
        opened = Session(self, answer.headers["mcp-session-id"], token)
        assert opened.send({"method": "notifications/initialized"}).status == 202
        return opened

    @property
    def workers(self) -> set[int]:
        """The processes that answer; they are looked up in /proc."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return {int(pid) for pid in children.split() if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}

    def signal(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)


@dataclass
class Session:
    """A session of the older era, and the token that its requests carry if they do not say."""

    site: Site
    id: str
    token: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What a request needs to belong to it."""
        said = {"Mcp-Session-Id": self.id, "Accept": ACCEPT, "Content-Type": "application/json"}
        return said if self.token is None else said | {"Authorization": f"Bearer {self.token}"}

    def send(self, message: dict[str, object], token: str | None = None) -> Answer:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        return self.site.post(body, token or self.token, Mcp_Session_Id=self.id)

    def ask(self, method: str, params: dict[str, object] | None = None, token: str | None = None) -> Answer:
        return self.send({"id": next(NUMBERS), "method": method, "params": params or {}}, token)

    def call(self, tool: str, token: str | None = None, **arguments: object) -> Answer:
        return self.ask("tools/call", {"name": tool, "arguments": arguments}, token)

    def end(self, token: str | None = None) -> Answer:
        headers = self.headers if token is None else self.headers | {"Authorization": f"Bearer {token}"}
        return self.site.request("DELETE", "/mcp", headers=headers)

    @contextmanager
    def begun(
        self, method: str = "GET", message: dict[str, object] | None = None, **more: str
    ) -> Iterator[http.client.HTTPResponse]:
        """A request whose answer has begun, and need not end; leaving it closes its connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=100)
        body = None if message is None else json.dumps({"jsonrpc": "2.0", **message}).encode()
        more = {name.replace("_", "-"): value for name, value in more.items()}
        connection.request(method, "/mcp", body, self.headers | more)
        try:
            yield connection.getresponse()
        finally:
            connection.close()


def rpc(method: str, params: dict[str, object] | None = None) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}).encode()


def collect_lines(stream, log: list[str]) -> None:
    """Read a child's lines until it ends, or until the test closes the pipe."""
    with suppress(ValueError, OSError):
        log.extend(line.decode() for line in stream)


@contextmanager
def serving_http(
    environment: dict[str, str], folder: Path, settings: str = "", *arguments: str, at: int = 0
) -> Iterator[Site]:
    """Start a server with the text of a settings file; whatever happens, it does not outlive the block."""
    file = folder / "dragoman.toml"
    file.write_text(settings, encoding="utf-8")
    with forked_program.start(
        ["serve", "--http", f"127.0.0.1:{at}", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=None,
        cwd=folder,
        env=environment | {"DRAGOMAN_CONFIG": str(file)},
    ) as process:
        log: list[str] = []
        try:
            yield Site(process, _port(process, log), log)
        finally:
            process.kill()


def _port(process: subprocess.Popen[bytes], log: list[str]) -> int:
    for line in process.stderr:
        log.append(line.decode())
        found = re.search(r"Serving MCP at http://[\d.]+:(\d+)/mcp", log[-1])
        if found:
            threading.Thread(target=collect_lines, args=(process.stderr, log), daemon=True).start()
            return int(found[1])
    raise AssertionError("".join(log))
