"""The first answers, before the SDK is there.

Importing the SDK takes many times as long as starting Python, and clients wait for the tool list. So a thread
answers what cannot depend on anything but the settings (``initialize``, ``server/discover``, ``tools/list``,
``ping``) from a snapshot of what the SDK answers, while the main thread imports it. Everything else waits for the
SDK, which is given all lines but those that were answered; the request that opened the connection is repeated to
it and its answer dropped. A message that is not plain is left to the SDK, too. Imports nothing that takes time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from _thread import allocate_lock, start_new_thread

from dragoman_server.config.setting_rules import is_table
from dragoman_server.transports.stdio.pipes import StdioPipes

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module would be a third of the time until the first answer
    from types import FrameType
    from typing import Any

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"

_LONGEST = 1 << 16
_MOST_WAITING = 64 << 20
_LARGEST_ID = 1 << 53
_IMPATIENCE = 0.0005  # seconds that the import may keep the interpreter from an answer
_META = "io.modelcontextprotocol/"
_ENVELOPE = {f"{_META}protocolVersion", f"{_META}clientCapabilities", f"{_META}clientInfo"}
_CLIENT = {"name", "version", "title", "description", "websiteUrl"}


class EarlyResponder(StdioPipes):
    """A wire that answers by itself until :meth:`hand_over`."""

    def __init__(self, wire: StdioPipes, results: dict[str, Any]) -> None:
        """Keep what to answer.

        Args:
            wire: The pipes.
            results: By protocol version: by method: the result.
        """
        self._wire = wire
        self._results = results
        self._version = ""
        self._answering = True
        self._handed_over = False
        self._owed = False
        self._waiting: list[bytes] = []
        self._size = 0
        self._interval = sys.getswitchinterval()
        self._turn = allocate_lock()
        self._last_line = allocate_lock()
        self._reading = True

    def start(self) -> None:
        """Begin to answer, and end at once when the client leaves or a signal says so."""
        # The main thread imports all the while, and would keep the interpreter for ten times as long.
        sys.setswitchinterval(_IMPATIENCE)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _end)
        self._last_line.acquire()
        start_new_thread(self._run, ())

    def hand_over(self) -> None:
        """Answer no more: what comes from now on, and what was left, is given by :meth:`read`."""
        with self._turn:
            self._handed_over = True
        sys.setswitchinterval(self._interval)

    def read(self) -> bytes:
        """The next line that was not answered; see :meth:`Wire.read`."""
        if self._reading and not self._waiting:
            self._last_line.acquire()  # the thread is inside a read that nothing can end but a line
            self._reading = False
        if self._waiting:
            return self._waiting.pop(0)
        return self._wire.read()

    def write(self, line: bytes) -> None:
        """See :meth:`Wire.write`."""
        self._wire.write(line)

    def _run(self) -> None:
        try:
            while self._answer_or_keep(self._wire.read()):
                pass
        except OSError:  # the client is gone
            _end()
        finally:
            self._last_line.release()

    def _answer_or_keep(self, line: bytes) -> bool:
        """Answer a line or keep it; ``False`` when the thread has read its last one."""
        with self._turn:
            if not self._handed_over:
                answer = self._answer(line) if self._answering else None
                if answer is not None:
                    self._wire.write(answer)
                    return True
                # Nothing waits for the SDK, so there is nobody left to serve.
                if not line and not self._owed:
                    _end()
                self._owed = self._owed or not _is_notification(line)
            self._waiting.append(line)
            self._size += len(line)
            return bool(line) and not self._handed_over and self._size < _MOST_WAITING

    def _answer(self, line: bytes) -> bytes | None:
        message = _request(line)
        if message is None:
            return None
        number, method, params = message["id"], message["method"], message.get("params", {})
        opening = not self._version
        if opening:
            self._version = _opening_version(method, params)
        result = self._results.get(self._version, {}).get(method)
        if result is None or not _fits(self._version, method, params, opening=opening):
            # An opening that is not plain, or a second one, is for the SDK to judge, and so is all that follows.
            self._answering = not opening and method != "initialize"
            return None
        if opening:
            self.replayed = number
            self._waiting.append(line)
        return b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (_json(number), _json(result))


def _end(*_: int | FrameType | None) -> None:
    # The main thread is inside an import, which no exception of ours can end cleanly.
    os._exit(0)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _object(line: bytes) -> dict[str, Any] | None:
    # No opening is that long; parsing it here would delay the SDK, which has its own bounds.
    if len(line) > _LONGEST:
        return None
    try:
        message = json.loads(line, parse_constant=int)  # NaN and the like are refused
    except (ValueError, RecursionError):
        return None
    return message if is_table(message) else None


def _is_notification(line: bytes) -> bool:
    message = _object(line)
    return message is not None and "id" not in message and type(message.get("method")) is str


def _request(line: bytes) -> dict[str, Any] | None:
    """A request whose frame is plain, ``None`` for everything else."""
    message = _object(line)
    if (
        message is None
        or message.get("jsonrpc") != "2.0"
        or not message.keys() <= {"jsonrpc", "id", "method", "params"}
    ):
        return None
    if type(message.get("method")) is not str or not is_table(message.get("params", {})):
        return None
    number = message.get("id")
    if type(number) is int:
        return message if abs(number) < _LARGEST_ID else None
    return message if type(number) is str and number.isprintable() else None


def _opening_version(method: str, params: dict[str, Any]) -> str:
    """The protocol version that a first request opens the connection with; empty where that is not plain."""
    version = params.get("protocolVersion")
    if method == "initialize":
        return version if version in LEGACY else ""
    return MODERN if _is_envelope(params.get("_meta")) else ""


def _fits(version: str, method: str, params: dict[str, Any], *, opening: bool) -> bool:
    """Whether the SDK certainly accepts the parameters, and they do not change the answer."""
    if method == "initialize":
        known = params.keys() == {"protocolVersion", "capabilities", "clientInfo"}
        return opening and known and _is_capable(params["capabilities"]) and _is_client(params["clientInfo"])
    if version == MODERN:
        return params.keys() == {"_meta"} and _is_envelope(params["_meta"])
    meta = params.get("_meta", {})
    if not params.keys() <= {"_meta"} or not is_table(meta) or not meta.keys() <= {"progressToken"}:
        return False
    return type(meta.get("progressToken", 0)) in (int, str)


def _is_envelope(meta: object) -> bool:
    return (
        is_table(meta)
        and meta.keys() <= _ENVELOPE | {"progressToken"}
        and meta.get(f"{_META}protocolVersion") == MODERN
        and _is_capable(meta.get(f"{_META}clientCapabilities"))
        and _is_client(meta.get(f"{_META}clientInfo", {"name": "", "version": ""}))
        and type(meta.get("progressToken", 0)) in (int, str)
    )


def _is_client(info: object) -> bool:
    if not is_table(info) or not {"name", "version"} <= info.keys() <= _CLIENT:
        return False
    return all(type(value) is str for value in info.values())


def _is_capable(capabilities: object) -> bool:
    if not is_table(capabilities):
        return False
    return all(_is_capability(name, value) for name, value in capabilities.items())


def _is_capability(name: str, value: object) -> bool:
    if name == "roots" and is_table(value):
        return value.keys() <= {"listChanged"} and type(value.get("listChanged", True)) is bool
    if name in ("experimental", "extensions") and is_table(value):
        return all(is_table(inner) for inner in value.values())
    return _only_tables(value)


def _only_tables(value: object) -> bool:
    return is_table(value) and all(_only_tables(inner) for inner in value.values())
