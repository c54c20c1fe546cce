"""Reads an agent's answer from a stream of events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.mapping import tool_name
from dragoman.providers.kit.prompt import AnswerProgress
from dragoman.transport.error_mapping import ServiceFailure, default_service_text
from dragoman.transport.http import Event, Stream
from dragoman.transport.http.request import parse_json
from dragoman.transport.http.sse import events_of

_STEP_LENGTH: Final = 80  # characters
_DONE: Final = "[DONE]"


@dataclass(slots=True)
class AnswerSoFar:
    """An answer as far as it was streamed.

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
    progress: AnswerProgress = field(default_factory=lambda: AnswerProgress(_STEP_LENGTH))

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
        # An event that is new to us must not break the answer.
        if found is None:
            return
        self.conversation = found.conversation_id or self.conversation
        if event.name == "error" or (event.name == "message" and found.error is not None):
            self.fault = (
                default_service_text(ServiceFailure(kind="write", body={"error": found.error})) or "no reason given"
            )
        elif event.name == "delta" and found.delta is not None:
            self.pieces.append(found.delta.text or "")
            await self.progress.piece(self.pieces[-1])
        elif event.name == "citations":
            self.citations = found.citations or self.citations
        elif event.name == "generated_title":
            self.title = found.generated_title or self.title
        elif event.name in {"start", "reasoning", "tool_call"}:
            await self._step(event.name, found)
        self.ended = self.ended or event.name == "end"

    async def _step(self, name: str, found: wire.StreamEvent) -> None:
        text = "The agent is thinking"
        if name == "tool_call":
            text = f"{tool_name(found.tool)}: {found.status or 'used'}"
        elif name == "reasoning":
            text = found.task or text
        await self.progress.step(text)


async def read_answer(stream: Stream, heard: AnswerSoFar) -> wire.Message | None:
    """Read an answer to its end; returns the whole message when the service did not stream it.

    The content type is not relied on: a body that begins as JSON is the message.
    """
    lines = stream.lines()
    async for line in lines:
        if not line.strip():
            continue
        if line.lstrip().startswith("{"):
            return _whole(stream, [line, *[rest async for rest in lines]])
        async for event in events_of(_chained(line, lines)):
            await heard.take(event)
            # Some proxies keep the connection open after the end.
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
