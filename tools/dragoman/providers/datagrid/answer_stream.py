"""A streamed answer: what was heard of it so far, event by event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from dragoman.core.context import progress
from dragoman.core.sanitize import clean_line
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.mapping import tool_name
from dragoman.transport.error_mapping import ServiceFailure, default_service_text
from dragoman.transport.http import Event, Stream
from dragoman.transport.http.body import parse_json
from dragoman.transport.http.sse import events_of

_STEP_LENGTH: Final = 80
_REPORT_EVERY: Final = 400  # characters of an answer
_DONE: Final = "[DONE]"


@dataclass(slots=True)
class AnswerSoFar:
    """What was heard of an answer.

    Attributes:
        pieces: Of its text.
        conversation: Id of the conversation, which a new one has only here.
        ended: Whether its end was heard; without it the answer was cut.
        fault: Why the agent broke off, in the service's words; ``None`` when it did not.
    """

    pieces: list[str] = field(default_factory=list[str])
    conversation: str | None = None
    citations: tuple[wire.Citation, ...] = ()
    title: str | None = None
    ended: bool = False
    fault: str | None = None
    length: int = 0
    steps: int = 0

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)

    async def take(self, event: Event) -> None:
        """Take one event, and report what the agent does."""
        if event.data.strip() == _DONE:
            self.ended = True
            return
        found = _data(event)
        if found is None:
            return
        self.conversation = found.conversation_id or self.conversation
        if event.name == "error" or (event.name == "message" and found.error is not None):
            self.fault = (
                default_service_text(ServiceFailure(kind="write", body={"error": found.error})) or "no reason given"
            )
        elif event.name == "delta" and found.delta is not None:
            await self._piece(found.delta.text or "")
        elif event.name == "citations":
            self.citations = found.citations or self.citations
        elif event.name == "generated_title":
            self.title = found.generated_title or self.title
        elif event.name in {"start", "reasoning", "tool_call"}:
            await self._step(event.name, found)
        self.ended = self.ended or event.name == "end"

    async def _piece(self, text: str) -> None:
        self.pieces.append(text)
        before, self.length = self.length, self.length + len(text)
        if self.length // _REPORT_EVERY > before // _REPORT_EVERY or len(self.pieces) == 1:
            await self._report(f"Answering, {self.length} characters")

    async def _step(self, name: str, found: wire.StreamEvent) -> None:
        if name == "start":
            await self._report("The agent is thinking")
        elif name == "tool_call":
            await self._report(f"{tool_name(found.tool)}: {found.status or 'used'}")
        else:
            await self._report(found.task or "The agent is thinking")

    async def _report(self, text: str) -> None:
        self.steps += 1
        await progress.report(self.steps, clean_line(text, _STEP_LENGTH))


async def read_answer(stream: Stream, heard: AnswerSoFar) -> wire.Message | None:
    """Hear an answer to its end; the whole of it at once when the service did not stream it.

    The content type is not relied on: a body that begins as JSON is the answer itself.

    Raises:
        DragomanError: The connection broke, or the answer is neither.
    """
    lines = stream.lines()
    async for line in lines:
        if not line.strip():
            continue
        if line.lstrip().startswith("{"):
            return _whole(stream, [line, *[rest async for rest in lines]])
        async for event in events_of(_chained(line, lines)):
            await heard.take(event)
            if heard.ended or heard.fault is not None:
                return None
    return None


def _whole(stream: Stream, lines: list[str]) -> wire.Message:
    try:
        return wire.Message.model_validate(parse_json("\n".join(lines).encode()))
    except ValueError:
        raise stream.failure("The answer of {service} is no JSON") from None


async def _chained(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for line in rest:
        yield line


def _data(event: Event) -> wire.StreamEvent | None:
    """The data of an event; ``None`` when it is no JSON object."""
    try:
        return wire.StreamEvent.model_validate(parse_json(event.data.encode()))
    except ValueError:  # pydantic's misfits are such, too
        return None
