"""Sends a prompt to an agent once, and finds out what came of it when that is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dragoman.core.context import progress
from dragoman.core.errors import OutcomeUnknown
from dragoman.core.safe_text import safe, sentence
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.answer_stream import AnswerSoFar, read_answer
from dragoman.providers.datagrid.api import Api
from dragoman.providers.datagrid.mapping import AGENT, USER, text_of
from dragoman.providers.datagrid.message_listing import MessageReader, Newest
from dragoman.providers.kit.prompt import broken_answer, look_repeatedly, look_up, quoted_answer

_NO_ID: Final = "The answer of {service} has no id"


@dataclass(frozen=True, slots=True)
class PromptResult:
    """The agent's answer (``answered``), or the prompt itself while there is none, and the id of its conversation."""

    message: wire.Message
    conversation: str
    answered: bool = True


class Prompt:
    """One prompt; ``body`` is that of the call, and ``conversation`` is ``None`` where the service is to create one."""

    def __init__(self, api: Api, reader: MessageReader, conversation: str | None, prompt: dict[str, object]) -> None:
        self._api = api
        self._reader = reader
        self._conversation = conversation
        self._body = prompt
        self._prompt = str(prompt["prompt"]).strip()

    async def send(self) -> PromptResult:
        """Send it exactly once; the answer is streamed when somebody listens to the progress."""
        # Noted before sending: an answer that gets lost is looked for behind this message.
        mark, heard = await self._newest(), AnswerSoFar()
        try:
            message = await self._converse(heard)
        except OutcomeUnknown as error:
            return await self._find_prompt(error, mark, heard)
        if message is None:
            return await self._find_answer(mark, heard)
        return PromptResult(message, message.conversation_id or self._conversation or "")

    async def _converse(self, heard: AnswerSoFar) -> wire.Message | None:
        """The answer; ``None`` when it was streamed to its end."""
        if not progress.has_listener():
            answer = await self._api.converse(self._body)
            if not answer.value.id:
                raise answer.failure(_NO_ID)
            return answer.value
        async with self._api.converse_streamed(self._body) as stream:
            message = await read_answer(stream, heard)
            if message is not None and not message.id:
                raise stream.failure(_NO_ID)
            # Some proxies end a stream as if it were complete.
            if message is None and not heard.ended:
                raise stream.failure("The answer of {service} broke off")
            return message

    async def _find_answer(self, mark: Newest | None, heard: AnswerSoFar) -> PromptResult:
        """The stored message of an answer that was streamed: the stream does not give its id."""
        conversation = self._conversation or heard.conversation or ""

        async def find() -> wire.Message | None:
            prompt, answer = _pair(await self._messages_since(conversation, mark) or (), self._prompt, heard.text)
            return None if prompt is None else answer

        answer = await look_repeatedly(find)
        if answer is not None:
            more = {"generated_title": heard.title, "citations": answer.citations or heard.citations}
            return PromptResult(answer.model_copy(update=more), conversation)
        raise OutcomeUnknown(
            sentence("Datagrid answered, but does not list the answer yet: {}", quoted_answer(heard.text)),
            hint="Read it with list_messages in a while, and do not send again.",
            operation="send_message",
        )

    async def _find_prompt(self, error: OutcomeUnknown, mark: Newest | None, heard: AnswerSoFar) -> PromptResult:
        """After an unknown outcome: look for the prompt in the conversation instead of sending it again."""
        conversation, news = self._conversation or heard.conversation, None
        if conversation and (mark or not self._conversation):
            news = await self._messages_since(conversation, mark)
        prompt, answer = _pair(news or (), self._prompt, None)
        # The agent had begun to answer, so the prompt certainly arrived.
        if heard.pieces or heard.fault is not None:
            raise broken_answer("Datagrid", heard.text, error, fault=heard.fault, stored=prompt is not None)
        if conversation and prompt is not None:
            return PromptResult(answer or prompt, conversation, answered=answer is not None)
        if news is not None:
            error.hint = safe(
                "It is not in the conversation now. Look with list_messages again before sending it again."
            )
        elif self._conversation is None:
            error.hint = safe("Look with list_conversations for a new one before sending it again.")
        raise error

    async def _newest(self) -> Newest | None:
        """The newest message before; ``None`` when it cannot be found out, which is no reason not to send."""
        conversation = self._conversation
        return Newest() if conversation is None else await look_up(lambda: self._reader.newest(conversation))

    async def _messages_since(self, conversation: str, mark: Newest | None) -> Sequence[wire.Message] | None:
        """The messages since the mark; ``None`` when they cannot be read."""
        return await look_up(lambda: self._reader.messages_since(conversation, mark or Newest()))


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
    # The last of equal prompts is the one that was just sent.
    nearest = news[places[-1] + 1 : places[-1] + 2]
    fits = [one for one in words or nearest if _by(one, AGENT)]
    return news[places[-1]], fits[-1] if fits else None


def _by(message: wire.Message, role: str) -> bool:
    return (message.role or "").strip().lower() == role
