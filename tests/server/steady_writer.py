"""Somebody who imports one message after the other with a server over stdio, whatever becomes of the database."""

from __future__ import annotations

import re
import threading
from itertools import count

from stdio_server import Server

LONGEST = 60.0
"""Seconds until a call has ended, which is twice what it may take."""

_ADVICE = re.compile(r"\S[^\n]+\. [A-Z][^\n]+\.")
_INSIDE = re.compile("Traceback|psycopg|Error|server closed|SSL|secret|SELECT|errno")


def require_advice(told: str) -> None:
    """An error is a sentence or two that say what to do next, and show nothing of the inside."""
    assert _ADVICE.fullmatch(told), told
    assert not _INSIDE.search(told), told


def import_message(server: Server, text: str) -> dict[str, object]:
    """The result of one import."""
    arguments = {"conversation": "local:room", "text": text, "author": "Ann", "sent_at": "2026-03-10T09:00:00Z"}
    answer = server.ask(1, "tools/call", {"name": "import_message", "arguments": arguments})
    result = answer["result"]
    assert isinstance(result, dict)
    return result


class SteadyWriter(threading.Thread):
    """Keeps what was acknowledged and what was refused. ``padding`` stands behind each text."""

    def __init__(self, server: Server, name: str = "text", padding: str = "") -> None:
        super().__init__(daemon=True)
        self.name, self.server, self.padding = name, server, padding
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self._has_ended = threading.Condition()
        self._goes_on = True

    def run(self) -> None:
        """Import until it is stopped."""
        for number in count(1):
            text = f"{self.name} {number}"
            answer = import_message(self.server, f"{text}{self.padding}")
            with self._has_ended:
                if answer.get("isError"):
                    self.refused.append(answer["content"][0]["text"])
                else:
                    self.acknowledged.append(text)
                self._has_ended.notify_all()
                if not self._goes_on:
                    return

    def wait_for_more(self, *, acknowledged: int = 0, refused: int = 0) -> None:
        """Wait until so many more calls have ended so; the first of them may have begun before."""
        with self._has_ended:
            good, bad = len(self.acknowledged) + acknowledged, len(self.refused) + refused
            assert self._has_ended.wait_for(
                lambda: len(self.acknowledged) >= good and len(self.refused) >= bad, LONGEST
            ), (self.acknowledged[-1:], self.refused[-3:])

    def wait_for_calls(self, calls: int) -> None:
        """Wait until so many more have ended in any way."""
        with self._has_ended:
            wanted = len(self.acknowledged) + len(self.refused) + calls
            assert self._has_ended.wait_for(lambda: len(self.acknowledged) + len(self.refused) >= wanted, LONGEST)

    def stop(self) -> None:
        """End after the call under way."""
        with self._has_ended:
            self._goes_on = False
        self.join(LONGEST)
