"""Is the server of this container well? Run as ``python -m dragoman_server.commands.health``; the exit status says.

Over stdio there is nobody to ask: the server lives as long as its client, and the container as long as the server.
Over HTTP the server is asked on its own machine.
"""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

_PATIENCE: Final = 4.0  # seconds
_PORT: Final = 8765
_FIRST: Final = Path("/proc/1/cmdline")


def port_of(words: list[str]) -> int | None:
    """The port that a command line serves HTTP on, ``None`` when it does not."""
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == "--http":
            following = words[number + 1] if number + 1 < len(words) else ""
            port = (value if equals else following).rpartition(":")[2]
            return int(port) if port.isdecimal() else _PORT
    return None


def well(words: list[str]) -> bool:
    """Whether the server that was started with these words answers."""
    port = port_of(words)
    if port is None:
        return True
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200  # noqa: PLR2004  # OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if well(_FIRST.read_text(encoding="utf-8", errors="replace").split("\0")) else 1)
