"""Asks the assistant something, in an existing chat or in a new one.

A question is never repeated: the service has no key that would make a second one harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias
from uuid import uuid4

from dragoman.core.context import progress
from dragoman.core.errors import InvalidArgument, OutcomeUnknown
from dragoman.core.model import AuthorKind, Message
from dragoman.core.safe_text import sentence
from dragoman.providers.base.provider import Draft
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.chat.chats import Chats
from dragoman.providers.glean.chat.mapping import Speakers, citations_of, is_said, text_of, to_message
from dragoman.providers.glean.conversation_id import NEW_CHAT, chat_id
from dragoman.providers.glean.mapping.chat_wire import ASSISTANT, CONTENT, ERROR, USER, ChatMessage, TalkAnswer
from dragoman.providers.kit.prompt import AnswerProgress, look_up
from dragoman.providers.kit.wire import lenient, or_empty
from dragoman.transport.error_mapping import quoted
from dragoman.transport.http import HttpResponse, Stream
from dragoman.transport.http.request import parse_json

_LOOK: Final = "Look at the chat with list_messages before asking again."
_ACCEPTED: Final = 202
_NOTE: Final = 100  # characters

Source: TypeAlias = HttpResponse[object] | Stream


@dataclass(frozen=True, slots=True)
class Reply:
    """The parts of an answer: one, or a line each of a stream."""

    parts: Sequence[TalkAnswer]
    source: Source

    @property
    def chat(self) -> str:
        """Id of the chat; empty when none is given."""
        return next((part.chat_id for part in self.parts if part.chat_id), "")

    @property
    def speakers(self) -> Speakers:
        """The speakers of the chat."""
        return next((Speakers.of(part.chat) for part in self.parts if part.chat), Speakers())

    @property
    def queued(self) -> str:
        """Id of the request, when it waits for another one of the same chat."""
        return next((part.queued_request_id for part in self.parts if part.queued_request_id), "")

    @property
    def messages(self) -> list[ChatMessage]:
        """All messages in it."""
        return [message for part in self.parts for message in or_empty(part.messages)]


async def ask(chats: Chats, identifier: str, draft: Draft) -> Message:
    """Send a question, and return the answer as the service stored it; while there is none, the question."""
    if draft.reply_to is not None:
        raise InvalidArgument("A chat of Glean has no replies to single messages.", hint="Leave reply_to out.")
    if draft.subject:
        raise InvalidArgument("A chat of Glean has no subjects.", hint="Leave subject out.")
    chats.cache.early.pop(chat_id(identifier))
    speak = _streamed if progress.has_listener() else _plain
    reply = await speak(chats.api, _question(identifier, draft.text, chats.api.chat_seconds))
    _raise_failure(reply)
    where = reply.chat or ("" if identifier == NEW_CHAT else identifier)
    failure, accepted = reply.source.failure, reply.source.status == _ACCEPTED
    if not where:
        raise failure("{service} does not say in which chat it answered", hint="Look for it among the chats.")
    said = [one for one in reply.messages if one.by == ASSISTANT and is_said(one)]
    if said and not accepted:
        return await _answered(chats, where, said, reply)
    if accepted or reply.queued:
        return await _queued(chats, where, draft, reply.queued)
    raise failure("{service} took the question and gave no answer", hint=_LOOK)


def _question(identifier: str, text: str, seconds: float) -> dict[str, object]:
    message = {"author": USER, "messageType": CONTENT, "fragments": [{"text": text}]}
    body: dict[str, object] = {"messages": [message], "saveChat": True, "timeoutMillis": round(seconds * 1000)}
    return body if identifier == NEW_CHAT else {**body, "chatId": identifier}


async def _plain(api: Api, question: dict[str, object]) -> Reply:
    answer = await api.talk({**question, "stream": False})
    return Reply(_parts(answer.body, answer), answer)


async def _streamed(api: Api, question: dict[str, object]) -> Reply:
    """Ask with an answer line by line, and report what the assistant does."""
    async with api.listen({**question, "stream": True}) as stream:
        lines, reporting = list[str](), AnswerProgress(_NOTE)
        async for line in stream.lines():
            lines.append(line)
            await _report(line, reporting)
        return Reply(_parts("\n".join(lines).encode(), stream), stream)


async def _report(line: str, reporting: AnswerProgress) -> None:
    try:
        part = lenient(TalkAnswer, parse_json(line.encode()))
    except ValueError:
        return
    for message in or_empty(part.messages if part else None):
        # Pieces of the answer itself are no progress.
        note = "" if is_said(message) else text_of(message).strip()
        await reporting.step(note or "Glean is answering")


def _parts(body: bytes, source: Source) -> list[TalkAnswer]:
    """The answer, or the lines of a streamed one. The content type is not reliable."""
    try:
        values = [parse_json(body)]
    except ValueError:
        try:
            values = [parse_json(line) for line in body.splitlines() if line.strip()]
        except ValueError:
            values = []
    found = [part for value in values if (part := lenient(TalkAnswer, value)) is not None]
    if not found:
        raise source.failure("The answer of {service} cannot be read", hint=_LOOK)
    return found


def _raise_failure(reply: Reply) -> None:
    """An error of the assistant comes as a message. The question was asked all the same."""
    failed = [one for one in reply.messages if one.kind == ERROR]
    if failed:
        raise OutcomeUnknown(
            sentence("Glean took the question and failed to answer it{}", quoted(text_of(failed[0]))),
            hint=_LOOK,
            operation="chat",
            request_id=reply.source.request_id,
        )


async def _answered(chats: Chats, where: str, said: Sequence[ChatMessage], reply: Reply) -> Message:
    """All parts of the answer as one message, under the id of the last."""
    # Proxies end a stream as if it were complete.
    if said[-1].has_more_fragments:
        raise reply.source.failure("The answer of {service} broke off", hint=_LOOK)
    identifier = next((one.message_id for one in reversed(said) if one.message_id), None)
    # The id is wanted: without one, nobody could refer to the answer.
    stored = None if identifier else await _last(chats, where, AuthorKind.ASSISTANT)
    if stored is not None:
        return stored
    whole = to_message(said[-1], identifier or _unstored(), chat_id(where), reply.speakers)
    citations = tuple(citation for one in said for citation in citations_of(one))
    return replace(whole, text="".join(text_of(one) for one in said), citations=citations)


def _unstored() -> str:
    """An id for an answer to which the service gives none; no other message has it."""
    return f"unstored-{uuid4().hex[:12]}"


async def _queued(chats: Chats, where: str, draft: Draft, request: str) -> Message:
    """The question, waiting for its answer."""
    stored = await _last(chats, where, None, draft.text)
    if stored is not None:
        return replace(stored, status="queued")
    identifier, author = request or _unstored(), Speakers().author(USER)
    return Message(
        id=identifier, conversation=chat_id(where), author=author, sent_at=None, text=draft.text, status="queued"
    )


async def _last(chats: Chats, where: str, kind: AuthorKind | None, text: str | None = None) -> Message | None:
    """The last message of a kind or with a text, when it can be looked up: the question is asked already."""
    messages = await look_up(lambda: chats.messages(where)) or []
    return next((one for one in reversed(messages) if one.author.kind is kind or one.text == text), None)
