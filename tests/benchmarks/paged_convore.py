"""A Convore of this machine with many messages: ``paged_convore.py ROOMS MESSAGES``, prints its port.

It has a process of its own, so that its work is not counted as that of the program under measurement. ``/count`` says
how many requests it had before.
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks import service_answers
from tests.benchmarks.canned_service import serve

PAGE: Final = 100
_EMPTY: Final = json.dumps({"data": []}).encode()


class Service:
    """Pages of so many rooms with so many messages each."""

    def __init__(self, rooms: int, messages: int) -> None:
        """Take one message as the form of all."""
        self.rooms, self.messages, self.requests = rooms, messages, 0
        answers = service_answers.convore()
        self._room: dict[str, Any] = answers["GET /v1/conversations/conv_1"]
        self._message: dict[str, Any] = answers["GET /v1/messages/msg_001"]

    def answer(self, target: str) -> bytes | None:
        """The body for a path with its query; ``None`` for what is not there."""
        url, query = urlsplit(target), parse_qs(urlsplit(target).query)
        start = int(query.get("cursor", ["0"])[0])
        if url.path == "/count":
            return json.dumps(self.requests).encode()
        self.requests += 1
        if url.path == "/v1/conversations":
            return self._rooms(start)
        if url.path == "/v1/messages":
            return self._page(query["conversation_id"][0], start)
        if url.path.startswith("/v1/conversations/"):
            return json.dumps({**self._room, "id": url.path.rpartition("/")[2]}).encode()
        return _EMPTY if url.path == "/v1/events" else None

    @lru_cache(maxsize=4096)  # noqa: B019  # one service lives as long as the process
    def _page(self, room: str, start: int) -> bytes:
        end = min(start + PAGE, self.messages)
        data = [
            {
                **self._message,
                "id": f"{room}_{number}",
                "conversation_id": room,
                "date": _at(self.messages - number),
                "created_at": _at(self.messages - number),
            }
            for number in range(start, end)
        ]
        return _body(data, end, self.messages)

    def _rooms(self, start: int) -> bytes:
        end = min(start + PAGE, self.rooms)
        data = [{**self._room, "id": f"conv_{n}", "last_message_date": _at(self.messages)} for n in range(start, end)]
        return _body(data, end, self.rooms)


def _body(data: list[dict[str, Any]], end: int, total: int) -> bytes:
    more = {"next_cursor": str(end)} if end < total else {}
    return json.dumps({"data": data, "total_count": total, **more}).encode()


def _at(number: int) -> str:
    return f"2026-01-{1 + number // 86_400:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"


async def main(service: Service) -> None:
    """Answer until the process is ended."""

    async def respond(target: str) -> bytes | None:
        return service.answer(target.partition(" ")[2])

    await serve(respond)


if __name__ == "__main__":
    asyncio.run(main(Service(int(sys.argv[1]), int(sys.argv[2]))))
