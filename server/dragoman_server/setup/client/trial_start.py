"""Starts the server once as a client would, to prove that an entry works."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import Any, Final

from dragoman.core.errors import Unavailable
from dragoman.core.safe_text import sentence, shell_line, unquoted
from dragoman_server.setup.client.launch import Launch

TIME_LIMIT: Final = 60.0
"""Seconds for the first answer; ``uvx`` may have to fetch packages before."""

_LONGEST: Final = 300
_LAST: Final = 2
_CLIENT: Final = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "install", "version": "1"},
}
_MESSAGES: Final = (
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": _CLIENT},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": _LAST, "method": "resources/list"},
)
"""The last one is never answered ahead of the real server, and asks no service."""


def try_start(launch: Launch) -> None:
    """Start the server in an environment of its own, with an empty store, and let it answer.

    Raises:
        Unavailable: It does not answer; the reason is the last line that it printed to stderr.
    """
    asked = "".join(json.dumps(message) + "\n" for message in _MESSAGES)
    with tempfile.TemporaryDirectory(prefix="dragoman-start-", ignore_cleanup_errors=True) as folder:
        # With this shell's variables a start could succeed that fails in the client.
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DRAGOMAN_")}
        environment = {**kept, **launch.env, "DRAGOMAN_DATA": folder}
        try:
            done = subprocess.run(  # noqa: S603  # the command that the client will run
                [launch.command, *launch.args],
                input=asked, capture_output=True, cwd=folder, env=environment,
                encoding="utf-8", errors="replace", timeout=TIME_LIMIT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise _failure(launch, f"no answer within {TIME_LIMIT:.0f} seconds") from None
        except OSError as error:
            raise _failure(launch, error.strerror or type(error).__name__) from None
    if _LAST not in map(_id_of, done.stdout.splitlines()):
        raise _failure(launch, next(reversed(done.stderr.strip().splitlines()), f"exit status {done.returncode}"))


def _id_of(line: str) -> object:
    try:
        message: Any = json.loads(line)
    except ValueError:
        return None
    return message.get("id") if isinstance(message, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # of a foreign text


def _failure(launch: Launch, reason: str) -> Unavailable:
    return Unavailable(
        sentence("The entry is there, but the server does not start: {}.", unquoted(reason.rstrip("."), _LONGEST)),
        hint=sentence("Run `{}` in a terminal and mend what it says.", shell_line(launch.command, *launch.args)),
    )
