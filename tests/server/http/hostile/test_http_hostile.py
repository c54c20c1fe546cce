"""Clients that mean no good: each is refused as specified, and others are served."""

import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from raw_clients import SETTINGS, TOKEN, connected, head, resident, status_of


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
