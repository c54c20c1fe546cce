"""The answer of an assistant: a run is started after a message was stored, and followed to its end.

By then the message is in the thread, so nothing that goes wrong here is a failure to send it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio

from dragoman.core.context.clock import Clock
from dragoman.core.errors import DragomanError, OutcomeUnknown
from dragoman.core.sanitize import clean_line
from dragoman.providers.kit.prompt import AnswerProgress
from dragoman.providers.yandex import wire
from dragoman.providers.yandex._proto import threads_pb2 as pb
from dragoman.providers.yandex.mapping import text_of

if TYPE_CHECKING:
    from dragoman.providers.yandex.client import YandexClient

_POLL: Final = 0.5  # seconds, as the vendor's SDK
_SAID: Final = 200
_PENDING: Final = "stored, answer pending"
_NOT_STARTED: Final = "stored, assistant not started"
_FAILED: Final = "stored, assistant failed"
_TOOL: Final = "stored, assistant waits for a tool"
_SILENT: Final = "stored, assistant said nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The end of a run: the assistant's message, or the reason why there is none.

    ``run`` is its id, empty when it was not started.
    """

    message: pb.Message | None = None
    status: str = ""
    reason: str = ""
    run: str = ""


async def run_assistant(client: YandexClient, thread: str, assistant: str, patience: float, clock: Clock) -> Answer:
    """Run an assistant on a thread and wait ``patience`` seconds for its answer; the run goes on without us."""
    deadline = clock.monotonic() + patience
    run, answer = "", None
    try:
        with anyio.move_on_after(patience):
            run = (await client.create_run(thread, assistant)).id
            answer = await _follow_stream(client, run, patience) or await _poll(client, run, deadline, clock)
    except DragomanError as error:
        # A run that may have started goes on, whatever became of its answer.
        status = _PENDING if run or isinstance(error, OutcomeUnknown) else _NOT_STARTED
        return Answer(status=status, reason=f"{error.message} {error.hint}".strip(), run=run)
    return answer or Answer(status=_PENDING, run=run)


async def _follow_stream(client: YandexClient, run: str, patience: float) -> Answer | None:
    """Follow a run's events to its end; ``None`` when the stream breaks off."""
    reporting = AnswerProgress(_SAID)
    try:
        async with client.listen(run, patience) as events:
            async for event in events:
                if event.HasField("partial_message"):
                    await reporting.step(text_of(event.partial_message))  # the whole text so far; the end holds it too
                if event.HasField("completed_message"):
                    return Answer(message=event.completed_message, run=run)
                if event.HasField("error") or event.event_type == pb.StreamEvent.ERROR:
                    return _failed(event.error, run)
                if event.HasField("tool_call_list") or event.event_type == pb.StreamEvent.TOOL_CALLS:
                    return Answer(status=_TOOL, run=run)
                if event.event_type == pb.StreamEvent.DONE:
                    return Answer(status=_SILENT, run=run)
    except DragomanError:
        return None  # the run itself goes on, and looking at it tells whether there is anything wrong
    return None


async def _poll(client: YandexClient, run: str, deadline: float, clock: Clock) -> Answer | None:
    """Look at a run again and again until it ends; ``None`` when there is no more time."""
    reporting = AnswerProgress(_SAID)
    while True:
        state = (await client.run(run)).state
        if state.HasField("completed_message"):
            return Answer(message=state.completed_message, run=run)
        if state.status == wire.FAILED or state.HasField("error"):
            return _failed(state.error, run)
        if state.status == wire.TOOL_CALLS:
            return Answer(status=_TOOL, run=run)
        if state.status == wire.COMPLETED:
            return Answer(status=_SILENT, run=run)
        if clock.monotonic() + _POLL >= deadline:
            return None
        await reporting.step("The assistant has not answered yet")
        await clock.sleep(_POLL)


def _failed(error: pb.Error, run: str) -> Answer:
    return Answer(status=_FAILED, reason=clean_line(error.message, _SAID), run=run)
