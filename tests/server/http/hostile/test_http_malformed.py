"""What is no request of HTTP or MCP is refused as the protocols say, and disturbs nobody."""

import json
import socket
from contextlib import suppress

import pytest
from raw_clients import TOKEN, connected, head, status_of


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
    assert server.post(ping, TOKEN, Content_Type="text/plain").status == 415
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
