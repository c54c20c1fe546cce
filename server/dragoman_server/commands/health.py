"""Container health check. Run as ``python -m dragoman_server.commands.health``; the exit status says the result.

Over stdio there is nobody to ask: the server lives as long as its client, and the container as long as the server.
Over HTTP the server is asked on its own machine, at the address of its command line or of its settings.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from dragoman.core.errors import DragomanError
from dragoman_server.config.http import Address, HttpSettings

_TIMEOUT: Final = 4.0  # seconds
_FIRST_PROCESS: Final = Path("/proc/1/cmdline")
_REACHABLE_AT: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what stands for every address


def address_of(words: Sequence[str]) -> Address | None:
    """Return where a command line serves HTTP, ``None`` when it does not."""
    where = _option(words, "--http")
    if where is None:
        return None
    try:
        return Address.parse(where)
    except ValueError:  # it was given without an address
        return _listen_address(_option(words, "--config"))


def is_healthy(words: Sequence[str]) -> bool:
    """Whether the server that was started with these words answers."""
    address = address_of(words)
    # Over stdio the client is the only one who can ask.
    if address is None:
        return True
    host = _REACHABLE_AT.get(address.host, address.host)
    connection = HTTPConnection(host, address.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200  # noqa: PLR2004  # OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _option(words: Sequence[str], name: str) -> str | None:
    """Return the value of an option, or the empty text where it has none; ``None`` when it is not there."""
    for place, word in enumerate(words):
        begin, equals, value = word.partition("=")
        if begin == name:
            following = next(iter(words[place + 1 :]), "")
            return value if equals else "" if following.startswith("-") else following
    return None


def _listen_address(settings_file: str | None) -> Address:
    """Return where the settings say; what cannot be read now was good when the server started, or was absent."""
    from dragoman_server.config.load import load  # noqa: PLC0415  # only where the command line does not say

    try:
        http = load(settings_file).http
    except DragomanError:
        http = None
    return (http or HttpSettings()).address


if __name__ == "__main__":
    # The server is the first process of its container. /proc ends every word with a NUL, the last one too.
    command_line = _FIRST_PROCESS.read_text(encoding="utf-8", errors="replace").removesuffix("\0")
    sys.exit(0 if is_healthy(command_line.split("\0")) else 1)
