"""Saying something to an agent, once, and finding out what came of it when that is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import anyio

from dragoman.core.context import progress
from dragoman.core.context.clock import current_clock
from dragoman.core.errors import DragomanError, OutcomeUnknown
from dragoman.core.safe_text import SafeText, quote, safe, sentence
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.answer_stream import AnswerSoFar, read_answer
from dragoman.providers.datagrid.api import Api
from dragoman.providers.datagrid.mapping import AGENT, USER, text_of
from dragoman.providers.datagrid.message_listing import MessageReader, Newest
from dragoman.transport.credentials import redact

_LOOK_SECONDS: Final = 20.0
_SHOWN: Final = 250  # characters of an answer that broke off
_PAUSES: Final = (0.5, 1.5)  # seconds; a message that was just made may be listed a little later


@dataclass(frozen=True, slots=True)
class PromptResult:
    """What came of a prompt.

    Attributes:
        message: The agent's answer; the prompt itself when there is none yet.
        conversation: Id of its conversation.
        answered: Which of the two it is.
    """

    message: wire.Message
    conversation: str
    answered: bool = True


class Prompt:
    """One prompt on its way.

    Args:
        api: The service.
        reader: Reads the conversation where the service itself does not tell enough.
        conversation: Where; ``None`` lets the service make a new one.
        prompt: The body of the call, without ``stream``.
    """

    def __init__(self, api: Api, reader: MessageReader, conversation: str | None, prompt: dict[str, object]) -> None:
        self._api = api
        self._reader = reader
        self._conversation = conversation
        self._body = prompt
        self._prompt = str(prompt["prompt"]).strip()
        self._clock = current_clock()

    async def send(self) -> PromptResult:
        """Say it exactly once. It is streamed when somebody listens to the progress.

        Raises:
            OutcomeUnknown: It may have been said; also when the answer broke off, with what there was of it.
            DragomanError: It was certainly not said.
        """
        mark, heard = await self._newest(), AnswerSoFar()
        try:
            message = await self._converse(heard)
        except OutcomeUnknown as error:
            return await self._doubt(error, mark, heard)
        if message is None:
            return await self._heard_out(mark, heard)
        return PromptResult(message, message.conversation_id or self._conversation or "")

    async def _converse(self, heard: AnswerSoFar) -> wire.Message | None:
        """The answer; ``None`` when it was streamed to its end."""
        if not progress.has_listener():
            answer = await self._api.converse(self._body)
            if not answer.value.id:
                raise answer.failure("The answer of {service} has no id")
            return answer.value
        async with self._api.converse_streamed(self._body) as stream:
            message = await read_answer(stream, heard)
            if message is not None and not message.id:
                raise stream.failure("The answer of {service} has no id")
            if message is None and not heard.ended:
                raise stream.failure("The answer of {service} broke off")
            return message

    async def _heard_out(self, mark: Newest | None, heard: AnswerSoFar) -> PromptResult:
        """The stored message of an answer that was streamed, which does not tell its id."""
        conversation = self._conversation or heard.conversation or ""
        for pause in (0.0, *_PAUSES):
            if pause:
                await self._clock.sleep(pause)
            prompt, answer = _pair(await self._look(conversation, mark) or (), self._prompt, heard.text)
            if prompt is not None and answer is not None:
                more = {"generated_title": heard.title, "citations": answer.citations or heard.citations}
                return PromptResult(answer.model_copy(update=more), conversation)
        raise OutcomeUnknown(
            sentence("Datagrid answered, but does not list the answer yet: {}", _quoted(heard.text)),
            hint="Read it with list_messages in a while, and do not send again.",
            operation="send_message",
        )

    async def _doubt(self, error: OutcomeUnknown, mark: Newest | None, heard: AnswerSoFar) -> PromptResult:
        """After an unknown outcome: look for the prompt in the conversation instead of saying it again."""
        conversation = self._conversation or heard.conversation
        news = await self._look(conversation, mark) if conversation and (mark or not self._conversation) else None
        prompt, answer = _pair(news or (), self._prompt, None)
        if heard.pieces or heard.fault is not None:
            raise self._broken(error, heard, there=prompt is not None)
        if conversation and prompt is not None:
            return PromptResult(answer or prompt, conversation, answered=answer is not None)
        if news is not None:
            error.hint = safe(
                "It is not in the conversation now. Look with list_messages again before sending it again."
            )
        elif self._conversation is None:
            error.hint = safe("Look with list_conversations for a new one before sending it again.")
        raise error

    def _broken(self, error: OutcomeUnknown, heard: AnswerSoFar, *, there: bool) -> OutcomeUnknown:
        why = safe("Datagrid's answer broke off")
        if heard.fault is not None:
            why = sentence("The agent gave up (in its words: {})", quote(redact(heard.fault), _SHOWN // 2))
        last = sentence("after: {}", _quoted(heard.text)) if heard.pieces else safe("before it said anything.")
        hint = "Look with list_messages for the message and the whole answer before sending it again."
        if there:
            hint = "The message is in the conversation: read on with list_messages, and do not send it again."
        return OutcomeUnknown(
            sentence("{} {}", why, last), hint=hint, operation=error.operation, request_id=error.request_id
        )

    async def _newest(self) -> Newest | None:
        """The newest message before; ``None`` when it cannot be found out, which is no reason not to send."""
        if self._conversation is None:
            return Newest()
        with anyio.move_on_after(_LOOK_SECONDS):
            try:
                return await self._reader.newest(self._conversation)
            except DragomanError:
                return None
        return None

    async def _look(self, conversation: str, mark: Newest | None) -> Sequence[wire.Message] | None:
        """What is new since the mark; ``None`` when that cannot be found out."""
        with anyio.move_on_after(_LOOK_SECONDS):
            try:
                return await self._reader.messages_since(conversation, mark or Newest())
            except DragomanError:
                return None
        return None


def _pair(
    news: Sequence[wire.Message], prompt: str, answer: str | None
) -> tuple[wire.Message | None, wire.Message | None]:
    """The prompt among new messages, and the answer to it.

    Others may talk at the same time: an answer is known by its words, or else by standing right after the prompt.
    """
    places = [at for at, one in enumerate(news) if _by(one, USER) and text_of(one).strip() == prompt]
    if not places:
        return None, None
    words = [one for one in news[places[0] + 1 :] if answer is not None and text_of(one).strip() == answer.strip()]
    nearest = news[places[-1] + 1 : places[-1] + 2]
    fits = [one for one in words or nearest if _by(one, AGENT)]
    return news[places[-1]], fits[-1] if fits else None


def _by(message: wire.Message, role: str) -> bool:
    return (message.role or "").strip().lower() == role


def _quoted(text: str) -> SafeText:
    return sentence("{}.", quote(redact(text), _SHOWN)) if text.strip() else safe("nothing.")
