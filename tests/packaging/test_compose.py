"""The parts of the example for many machines, without containers: two servers, the database, a balancer before them."""

import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "packaging" / "compose.yaml").read_text(encoding="utf-8"))
TOKEN = "dragoman_" + "a" * 43


def token_hash():
    """As ``dragoman token`` makes it."""
    import hashlib

    return f"sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}"


def start(stack, folder, address):
    """A server as the example starts it, on a port of its own."""
    service = COMPOSE["services"]["dragoman"]
    settings = COMPOSE["configs"]["settings"]["content"]
    assert settings.count('listen = "0.0.0.0:8765"') == 1
    text = settings.replace("${DRAGOMAN_TOKEN_HASH:?}", token_hash()).replace("0.0.0.0:8765", "127.0.0.1:0")
    file = folder / "dragoman.toml"
    file.write_text(text)
    (secret,) = set(service["environment"]) - {"DRAGOMAN_CONFIG"}
    environment = os.environ | {"DRAGOMAN_CONFIG": str(file), secret: address, "DRAGOMAN_DATA": str(folder / "data")}
    command = [sys.executable, "-m", "dragoman_server", *service["command"]]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    stack.callback(process.wait)
    stack.callback(process.kill)
    for line in process.stderr:
        if "http://127.0.0.1:" in line:
            reader = threading.Thread(target=process.stderr.read, daemon=True)
            reader.start()
            stack.callback(process.stderr.close)
            stack.callback(reader.join)
            stack.callback(process.kill)
            return int(line.partition("http://127.0.0.1:")[2].partition("/")[0])
    raise AssertionError("it does not listen")


class Balancer(BaseHTTPRequestHandler):
    """Gives each request to the next server, as the proxy of the example does."""

    ports = cycle([0])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: value for name, value in self.headers.items() if name not in ("Content-Length", "Host")}
        headers["Host"] = "localhost:8080"
        with urlopen(Request(f"http://127.0.0.1:{next(self.ports)}{self.path}", body, headers)) as answer:
            content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_):
        """Nothing."""


def call(port, tool, **arguments):
    """The text of a tool's answer."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "MCP-Protocol-Version": "2025-06-18",
    }
    with urlopen(Request(f"http://127.0.0.1:{port}/mcp", json.dumps(request).encode(), headers)) as answer:
        text = answer.read().decode()
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    result = json.loads(lines[-1] if lines else text)["result"]
    return result["content"][0]["text"]


def test_two_servers_behind_a_balancer_are_one(postgres_address, tmp_path):
    assert "round_robin" in COMPOSE["configs"]["proxy"]["content"]
    with ExitStack() as stack:
        folders = [tmp_path / name for name in ("one", "two")]
        for folder in folders:
            folder.mkdir()
        Balancer.ports = cycle([start(stack, folder, postgres_address) for folder in folders])
        balancer = ThreadingHTTPServer(("127.0.0.1", 0), Balancer)
        threading.Thread(target=balancer.serve_forever, daemon=True).start()
        stack.callback(balancer.server_close)
        stack.callback(balancer.shutdown)
        port = balancer.server_port
        for minute in range(6):
            call(port, "import_message", conversation="local:room", text=f"text {minute}", author="Ann",
                 sent_at=f"2026-03-10T09:0{minute}:00Z")  # fmt: skip
        first = call(port, "list_messages", conversation="local:room", limit=3)
        assert "text 5" in first
        cursor = first.partition("cursor ")[2].split()[0]
        older = call(port, "list_messages", conversation="local:room", limit=3, cursor=cursor)
        assert "text 2" in older
        assert "text 3" not in older
        assert "6 hits" in call(port, "search_messages", query="text")


def test_the_example_keeps_its_secrets_out_of_the_file():
    for name in ("POSTGRES_PASSWORD", "DRAGOMAN_TOKEN_HASH"):
        assert f"${{{name}:?}}" in (ROOT / "packaging" / "compose.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("service", ["database", "dragoman", "proxy"])
def test_every_service_of_the_example_is_described(service):
    assert COMPOSE["services"][service].keys() & {"image", "build"}
