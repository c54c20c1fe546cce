"""The least that a server over HTTP on the SDK's low-level ``Server`` can be: one tool that does nothing."""

from __future__ import annotations

import logging
import socket
import sys

import uvicorn
from mcp.server.lowlevel import Server
from tests.benchmarks.noop_server import answer, tools

_BACKLOG = 1024


def main() -> None:
    """Serve at a free port, and say at which."""
    server = Server("noop", version="1", on_list_tools=tools, on_call_tool=answer)
    # With the protocol said, asyncio sends small answers without delay; else this would be too easy to beat.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(_BACKLOG)
        sys.stderr.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
        sys.stderr.flush()
        application = server.streamable_http_app(stateless_http=True)
        config = uvicorn.Config(
            application, http="h11", loop="asyncio", log_level=logging.ERROR, access_log=False, backlog=_BACKLOG
        )
        uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
