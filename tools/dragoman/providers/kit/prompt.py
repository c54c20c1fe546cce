"""Asking an assistant: once, with its progress reported, and looked up where the outcome is in doubt.

A prompt is never repeated, because an assistant would answer it twice. When its outcome is unknown, the conversation
is read instead. By then the prompt may be there, so a look that fails changes nothing about it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio

from dragoman.core.context import progress
from dragoman.core.context.clock import current_clock
from dragoman.core.errors import DragomanError, OutcomeUnknown
from dragoman.core.safe_text import Sentence, quote, safe, sentence, unquoted
from dragoman.core.sanitize import clean_line
from dragoman.transport.credentials import redact

T = TypeVar("T")

_LOOK_SECONDS: Final = 20.0
_PAUSES: Final = (0.0, 0.5, 1.5)  # seconds; what was just written may be listed a little later
_REPORT_EVERY: Final = 400  # characters of an answer
_LONGEST: Final = 200  # characters of a report
_QUOTED: Final = 250  # characters of an answer that broke off


class AnswerProgress:
    """Reports the progress of an assistant.

    Args:
        longest: Most characters of a report.
    """

    def __init__(self, longest: int = _LONGEST) -> None:
        self._longest = longest
        self._reports = 0
        self._length = 0

    async def step(self, text: str) -> None:
        """Report what the assistant is doing, in its own words or in ours."""
        self._reports += 1
        await progress.report(self._reports, clean_line(text, self._longest).strip())

    async def piece(self, text: str) -> None:
        """Count a piece of the answer, and report the first one and every few lines."""
        before, self._length = self._length, self._length + len(text)
        if before == 0 or self._length // _REPORT_EVERY > before // _REPORT_EVERY:
            await self.step(f"Answering, {self._length} characters")


async def look_up(read: Callable[[], Awaitable[T]], seconds: float = _LOOK_SECONDS) -> T | None:
    """The result of a read; ``None`` when it fails, or takes longer than ``seconds``."""
    # Looking must not take the time in which the caller could still be told.
    with anyio.move_on_after(seconds):
        try:
            return await read()
        except DragomanError:
            return None
    return None


async def look_repeatedly(find: Callable[[], Awaitable[T | None]]) -> T | None:
    """Look at once and twice more after short pauses; ``None`` when nothing was found."""
    clock = current_clock()
    for pause in _PAUSES:
        if pause:
            await clock.sleep(pause)
        found = await find()
        if found is not None:
            return found
    return None


def broken_answer(service: str, text: str, error: OutcomeUnknown, *, fault: str | None, stored: bool) -> OutcomeUnknown:
    """The error for an answer that ended too early.

    Args:
        service: Its name.
        text: The answer as far as it came.
        error: What ended it.
        fault: Why the assistant gave up, in its own words.
        stored: Whether the prompt was found in the conversation.
    """
    why = sentence("{}'s answer broke off", unquoted(service))
    if fault is not None:
        why = sentence("The agent gave up (in its words: {})", quote(redact(fault), _QUOTED // 2))
    last = sentence("after: {}", quoted_answer(text)) if text else safe("before it said anything.")
    hint = "Look with list_messages for the message and the whole answer before sending it again."
    if stored:
        hint = "The message is in the conversation: read on with list_messages, and do not send it again."
    return OutcomeUnknown(
        sentence("{} {}", why, last), hint=hint, operation=error.operation, request_id=error.request_id
    )


def quoted_answer(text: str) -> Sentence:
    """The beginning of an answer, with a full stop, for the sentence of an error."""
    return sentence("{}.", quote(redact(text), _QUOTED)) if text.strip() else safe("nothing.")
