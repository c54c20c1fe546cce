"""Clients that mean no good: each is refused as specified, and others are served."""

import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from dragoman_server.transports.http.auth.api_tokens import create_token, hash_token

TOKEN = create_token()
SETTINGS = f"""
[http]
client_timeout = 2
max_concurrency = 8
max_connections = 600
[auth.tokens.ann]
hash = "{hash_token(TOKEN)}"
"""
LARGEST_GROWTH = 120 << 10
"""Kilobytes that the server may have more than before, whatever it was sent."""


@pytest.fixture
def server(site):
    with site(SETTINGS) as running:
        assert running.ask("tools/list", token=TOKEN).status == 200
        before = resident(running)
        yield running
        assert running.process.poll() is None
        end = time.monotonic() + 20
        while (answer := running.call("list_conversations", TOKEN)).status == 503 and time.monotonic() < end:
            time.sleep(0.05)  # until what is still being refused has left its place
        assert answer.text.startswith("0 conversations")
        assert resident(running) - before < LARGEST_GROWTH
        assert TOKEN not in "".join(running.log)
        assert "Traceback" not in "".join(running.log)


def resident(running) -> int:
    (worker,) = running.workers
    status = Path(f"/proc/{worker}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def head(running, *lines: str, token: str = TOKEN) -> bytes:
    usual = [
        "POST /mcp HTTP/1.1", f"Host: 127.0.0.1:{running.port}", f"Authorization: Bearer {token}",
        "Content-Type: application/json", "Accept: application/json, text/event-stream",
    ]  # fmt: skip
    return "\r\n".join([*usual, *lines, "", ""]).encode()


def connected(running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), timeout=30)


def status_of(client: socket.socket) -> int | None:
    """The status of an answer; ``None`` when the server just closes."""
    try:
        line = client.makefile("rb").readline()
    except ConnectionResetError:
        return None
    return int(line.split()[1]) if line else None


def test_foreign_hosts_and_pages_are_refused(server):
    for host in ("evil.example", "127.0.0.1.evil.example", "10.0.0.1:8765", "", "localhost@evil.example", "[::1"):
        answer = server.post(b"{}", TOKEN, Host=host) if host else None
        assert answer is None or answer.status == 421
    for origin in ("https://evil.example", "null", "http://localhost.evil.example", "file://", "http://[::1"):
        assert server.ask("tools/list", token=TOKEN, Origin=origin).status == 403
    for origin in ("http://localhost:6274", "http://127.0.0.1"):
        assert server.ask("tools/list", token=TOKEN, Origin=origin).status == 200
    with connected(server) as client:
        client.sendall(head(server, "Host: evil.example", "Content-Length: 2") + b"{}")
        assert status_of(client) in {400, 421}


def test_a_body_that_is_too_large_is_refused_before_it_has_come(server):
    with connected(server) as client:
        client.sendall(head(server, f"Content-Length: {100 << 20}"))
        assert status_of(client) == 413
    answer = server.post(b"[" * (5 << 20), TOKEN)
    assert answer.status == 413
    assert answer.sentence == "The request is larger than 4,194,304 bytes."
    with connected(server) as client, suppress(OSError):
        client.sendall(head(server, f"Content-Length: {100 << 20}"))
        client.sendall(b"[" * (100 << 20))
        assert status_of(client) in {413, None}


def test_a_body_that_does_not_end_is_cut_off(server):
    sent = 0
    with connected(server) as client:
        client.sendall(head(server, "Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with pytest.raises(OSError):  # noqa: PT011, PT012  # reset or broken pipe, as the system likes
            while sent < 1 << 40:
                client.sendall(piece)
                sent += len(piece)
    assert sent < 1 << 40


def test_a_body_for_which_nobody_has_signed_in_is_not_even_read(server):
    with connected(server) as client:
        client.sendall(head(server, f"Content-Length: {4 << 20}", token="wrong"))  # noqa: S106  # that is the point
        assert status_of(client) == 401


def test_slow_headers_and_slow_bodies_are_cut_off(server):
    clients = [connected(server) for _ in range(20)]
    for number, client in enumerate(clients):
        client.sendall(head(server)[: 10 + number] if number % 2 else head(server, "Content-Length: 100") + b"{")
    assert server.ask("tools/list", token=TOKEN).status in {200, 503}
    assert [status_of(client) for client in clients[1::2]] == [None] * 10
    assert {status_of(client) for client in clients[::2]} == {408, 503}
    for client in clients:
        client.close()


def test_a_client_that_sends_nothing_and_one_that_rests_after_half_a_request_are_cut_off(server):
    with connected(server) as silent, connected(server) as resting:
        resting.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea")
        assert status_of(silent) is None
        assert resting.recv(1 << 16).startswith(b"HTTP/1.1 200")
        assert resting.recv(1 << 16) == b""


def test_a_client_that_does_not_take_its_answers_is_cut_off(server):
    body = json.dumps({"jsonrpc": "2.0", "id": "x" * (1 << 20), "method": "ping"}).encode()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.settimeout(30)
        with pytest.raises(OSError):  # noqa: PT011, PT012  # reset or broken pipe, as the system likes
            for _ in range(200):
                client.sendall(head(server, f"Content-Length: {len(body)}") + body)


def test_requests_sent_ahead_by_clients_that_take_no_answer_fill_no_memory_and_keep_nobody_waiting(server):
    before = resident(server)
    ahead = head(server, token="wrong") * 1000  # noqa: S106  # nobody has to sign in for this attack
    with ExitStack() as stack:
        crowd = [stack.enter_context(connected(server)) for _ in range(60)]
        for client in crowd:
            client.setblocking(False)
        for _ in range(10):
            for client in crowd:
                with suppress(BlockingIOError, ConnectionError):
                    client.send(ahead)
            assert server.ask("tools/list", token=TOKEN).status == 200
        assert resident(server) - before < 40 << 10


def test_a_client_that_sends_ahead_and_takes_no_small_answer_is_cut_off(server):
    with connected(server) as client, pytest.raises(OSError):  # noqa: PT011, PT012  # reset or broken pipe, as the system likes
        while True:
            client.sendall(b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)


def test_five_hundred_clients_at_once_are_answered_or_asked_to_come_again(server):
    def ask(_number: int) -> tuple[int, str | None]:
        answer = server.call("list_conversations", TOKEN)
        return answer.status, answer.headers.get("retry-after")

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(ask, range(500)))
    assert set(answers) <= {(200, None), (503, "1")}
    assert (200, None) in answers


def test_more_connections_than_are_allowed_are_told_so(server):
    clients = []
    try:
        clients.extend(connected(server) for _ in range(650))
        with connected(server) as late:
            late.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert status_of(late) in {503, 200, None}
    finally:
        for client in clients:
            client.close()


def test_half_closed_connections_are_answered_or_dropped(server):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).encode()
    with connected(server) as client:
        client.sendall(head(server, f"Content-Length: {len(body)}") + body[:-5])
        client.shutdown(socket.SHUT_WR)
        assert status_of(client) in {None, 400}
    for _ in range(50):
        client = connected(server)
        client.sendall(head(server, f"Content-Length: {len(body)}") + body)
        client.close()


@pytest.mark.parametrize("era", ["2025-06-18", "2026-07-28"])
def test_what_is_no_request_is_refused_as_the_protocol_says(server, era):
    garbage = [
        b"", b"\x00\xff\xfe", b"{", b"[]", b"null", b"7", b'"x"', b"[" * 100_000, b'{"jsonrpc":"2.0"}',
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]',
        b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":7}', b'{"id":' + b"9" * 5000 + b"}",
    ]  # fmt: skip
    answers = [server.post(body, TOKEN, MCP_Protocol_Version=era) for body in garbage]
    assert [answer.status for answer in answers] == [400] * len(garbage)


def test_requests_that_do_not_say_what_they_are_or_are_nothing_known(server):
    ping = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    assert server.post(ping, TOKEN, Content_Type="text/plain").status == 400
    assert server.post(ping, TOKEN, Accept="text/html").status == 406
    assert server.ask("no/such/method", token=TOKEN).message["error"]["code"] == -32601
    unknown = server.ask_modern("no/such/method", token=TOKEN)
    assert (unknown.status, unknown.message["error"]["code"]) == (404, -32601)
    assert server.request("POST", "/elsewhere", b"{}").status == 404


def test_headers_that_contradict_the_body_are_refused(server):
    for wrong in ({"Mcp_Method": "ping"}, {"Mcp_Name": "get_message"}, {"Mcp_Method": ""}):
        answer = server.ask_modern("tools/call", {"name": "list_conversations", "arguments": {}}, TOKEN, **wrong)
        assert (answer.status, answer.message["error"]["code"]) == (400, -32020)


def test_requests_that_are_no_http_are_refused(server):
    for raw in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"A" * 100_000, b"\r\n" * 10_000):
        with connected(server) as client:
            client.sendall(raw)
            assert status_of(client) in {400, 431, None}
    with connected(server) as client:
        client.sendall(head(server, "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n")
        assert status_of(client) == 400


PING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()


def whole(running, *lines: str) -> bytes:
    return head(running, f"Content-Length: {len(PING)}", *lines) + PING


def everything_from(client: socket.socket) -> bytes:
    received = b""
    while part := client.recv(1 << 16):
        received += part
    return received


def test_a_request_that_is_answered_is_answered_also_when_garbage_follows_it(server):
    with connected(server) as client:
        client.sendall(whole(server) + whole(server) + b"\x00 this is no HTTP\r\n\r\n" + whole(server))
        assert everything_from(client).count(b"HTTP/1.1 200") == 2


def test_a_body_that_breaks_off_in_garbage_is_refused(server):
    with connected(server) as client:
        client.sendall(head(server, "Transfer-Encoding: chunked") + b'5\r\n{"jso\r\nno chunk\r\n')
        assert everything_from(client).startswith(b"HTTP/1.1 400")


def test_a_head_that_does_not_end_is_refused(server):
    with connected(server) as client, suppress(OSError):
        client.sendall(head(server)[:-2] + b"X-Long: ")
        for _ in range(1000):
            client.sendall(b"x" * 1000)
        assert status_of(client) in {400, None}
    with connected(server) as client, suppress(OSError):
        client.sendall(head(server)[:-2] + b"X-Many: x\r\n" * 20_000 + b"\r\n")
        assert status_of(client) in {400, 401, 413, None}


@pytest.mark.parametrize("offer", ["h2c", "websocket"])
def test_who_offers_another_protocol_is_served_in_this_one(server, offer):
    lines = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {offer}", "HTTP2-Settings: AAMAAABkAAQAAAAA")
    request = whole(server, *lines)
    with connected(server) as client:
        client.sendall(request + request[:50])
        assert status_of(client) == 200
        client.sendall(request[50:] + whole(server, "Connection: close"))
        assert everything_from(client).count(b"HTTP/1.1 200") == 2


def test_nobody_is_connected_to_anything_else(server):
    with connected(server) as client:
        client.sendall(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n")
        assert everything_from(client).startswith(b"HTTP/1.1 400")


def test_nothing_that_must_be_secret_is_logged(site):
    with site(SETTINGS, "--log-level", "info") as server:
        server.call("search_messages", TOKEN, query="confidential")
        server.request("POST", f"/mcp?token={TOKEN}", b"{}", {"Authorization": f"Bearer {TOKEN}x"})
        server.get(f"/{TOKEN}")
        end = time.monotonic() + 20
        while not any(" 404" in line for line in server.log) and time.monotonic() < end:
            time.sleep(0.01)
        log = "".join(server.log)
    assert lines_of(log) == ["ann POST /mcp 200", "- POST /mcp 401", "- GET (another path) 404"]
    assert "confidential" not in log
    assert TOKEN not in log


def lines_of(log: str) -> list[str]:
    return re.findall(r"http.access_log: \S+ (\S+ \S+ (?:\S+|\(another path\)) \d+) ", log)


def test_many_attacks_at_the_same_time_do_not_keep_others_from_being_served(server):
    stop = threading.Event()
    attacks = [head(server)[:40], b"\x00" * 100, head(server, "Content-Length: 9")[:-2]]

    def attack(number: int) -> None:
        while not stop.is_set():
            try:
                with connected(server) as client:
                    client.sendall(attacks[number % 3])
                    client.recv(100)
            except OSError:
                continue

    threads = [threading.Thread(target=attack, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    try:
        assert [server.ask("tools/list", token=TOKEN).status for _ in range(20)] == [200] * 20
    finally:
        stop.set()
        for thread in threads:
            thread.join()
