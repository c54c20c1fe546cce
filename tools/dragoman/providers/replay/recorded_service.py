"""A service that gives recorded answers, for a provider whose recording has all that its demonstration asks for.

In the recording ``path`` is what every path begins with, and ``exchanges`` are questions with their ``answer``. One
fits a request of its ``route`` that has all members of ``when`` in its query or body, once ``after`` writes were done;
of those that fit the last one answers. One with ``writes`` is a write. ``{"part": NAME}`` in an answer stands for
that member of ``parts``, so that a message is written down once however often it is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from dragoman.core.json_fields import is_list, is_object
from dragoman.providers.replay import Record, Replay, recording
from dragoman.providers.replay.fake_http_service import JSON, Reply, Request, absent, http_replay


class RecordedService:
    """Answers from a recording."""

    def __init__(self, content: Record) -> None:
        self._exchanges: list[Record] = content["exchanges"]
        self._parts: Mapping[str, object] = content.get("parts", {})
        self._writes = 0

    def answer(self, request: Request) -> Reply:
        """Answer as the service did."""
        found = next((one for one in reversed(self._exchanges) if self._fits(one, request)), None)
        if found is None:
            return absent("what was asked for")
        self._writes += "writes" in found
        status, media_type = found.get("status", HTTPStatus.OK), found.get("media_type", JSON)
        return Reply(self._filled(found["answer"]), status, media_type)

    def _fits(self, exchange: Record, request: Request) -> bool:
        asked, wanted = {**request.query, **request.body}, exchange.get("when", {})
        is_asked = all(str(asked.get(name)) == str(value) for name, value in wanted.items())
        return tuple(exchange["route"]) == request.route and is_asked and exchange.get("after", 0) <= self._writes

    def _filled(self, value: object) -> object:
        """An answer with the parts that it names."""
        if is_list(value):
            return [self._filled(one) for one in value]
        if not is_object(value):
            return value
        name = value.get("part")
        if isinstance(name, str):
            return self._filled(self._parts[name])
        return {name: self._filled(one) for name, one in value.items()}


def recorded_replay(package: str) -> Replay:
    """The replay of a provider by its recording alone.

    Args:
        package: Full name of the provider's package.
    """
    content = recording(package)
    return http_replay(package, lambda: RecordedService(content).answer, path=content["path"])
