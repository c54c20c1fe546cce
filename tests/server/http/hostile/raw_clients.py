"""Clients that write to a socket what they like."""

import socket
from pathlib import Path

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
    return socket.create_connection(("127.0.0.1", running.port), timeout=100)


def status_of(client: socket.socket) -> int | None:
    """The status of an answer; ``None`` when the server just closes."""
    try:
        line = client.makefile("rb").readline()
    except ConnectionResetError:
        return None
    return int(line.split()[1]) if line else None
