"""Asking the assistant something, in a chat that there is or in a new one.

A question is never repeated: the service has no key that would make a second one harmless. What comes back
is the answer, because that is what a question is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol
from uuid import uuid4

from dragoman.core.context import progress
from dragoman.core.errors import DragomanError, InvalidArgument, OutcomeUnknown
from dragoman.core.model import AuthorKind, Message
from dragoman.core.safe_text import Sentence, sentence
from dragoman.core.sanitize import clean_line
from dragoman.providers.base.provider import Draft
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.chat.chats import Chats
from dragoman.providers.glean.chat.mapping import Speakers, citations_of, is_said, text_of, to_message
from dragoman.providers.glean.conversation_id import NEW_CHAT, chat_id
from dragoman.providers.glean.mapping.chat_wire import ASSISTANT, CONTENT, ERROR, USER, ChatMessage, TalkAnswer
from dragoman.providers.kit.wire import lenient, or_empty
from dragoman.transport.error_mapping import quoted
from dragoman.transport.http import HttpResponse, Stream
from dragoman.transport.http.body import parse_json

_LOOK: Final = "Look at the chat with list_messages before asking again."
_ACCEPTED: Final = 202
_NOTE: Final = 100  # characters


class Failure(Protocol):
    """Makes the error for an answer that makes no sense."""

    def __call__(self, message: Sentence, *, hint: Sentence = "") -> DragomanError:
        """Make it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, all lines of it taken together.

    Attributes:
        queued: Id of a request that waits for another one of the same chat.
        accepted: Whether the service only took the question.
        failure: Makes the error when it makes no sense.
    """

    chat: str
    speakers: Speakers
    queued: str
    messages: Sequence[ChatMessage]
    accepted: bool
    request_id: str
    failure: Failure


async def ask(chats: Chats, identifier: str, draft: Draft) -> Message:
    """Ask, and give the answer as the service stored it; while none is there yet, the question.

    Raises:
        InvalidArgument: The draft has something that chats do not have.
        OutcomeUnknown: The question may have been asked, or it was and failed.
    """
    if draft.reply_to is not None:
        raise InvalidArgument("A chat of Glean has no replies to single messages.", hint="Leave reply_to out.")
    if draft.subject:
        raise InvalidArgument("A chat of Glean has no subjects.", hint="Leave subject out.")
    chats.memory.take_early(chat_id(identifier))
    speak = _streamed if progress.has_listener() else _plain
    reply = await speak(chats.api, _question(identifier, draft.text, chats.api.chat_seconds))
    _raise_failure(reply)
    where = reply.chat or ("" if identifier == NEW_CHAT else identifier)
    if not where:
        raise reply.failure("{service} does not say in which chat it answered", hint="Look for it among the chats.")
    said = [one for one in reply.messages if one.by == ASSISTANT and is_said(one)]
    if said and not reply.accepted:
        return await _answered(chats, where, said, reply)
    if reply.accepted or reply.queued:
        return await _queued(chats, where, draft, reply.queued)
    raise reply.failure("{service} took the question and gave no answer", hint=_LOOK)


def _question(identifier: str, text: str, seconds: float) -> dict[str, object]:
    message = {"author": USER, "messageType": CONTENT, "fragments": [{"text": text}]}
    body: dict[str, object] = {"messages": [message], "saveChat": True, "timeoutMillis": round(seconds * 1000)}
    return body if identifier == NEW_CHAT else {**body, "chatId": identifier}


async def _plain(api: Api, question: dict[str, object]) -> Reply:
    answer = await api.talk({**question, "stream": False})
    return _reply(answer.body, answer)


async def _streamed(api: Api, question: dict[str, object]) -> Reply:
    """The same with word of what the assistant is doing, for somebody who waits."""
    async with api.listen({**question, "stream": True}) as stream:
        lines: list[str] = []
        async for line in stream.lines():
            lines.append(line)
            await _report(line, len(lines))
        return _reply("\n".join(lines).encode(), stream)


async def _report(line: str, number: int) -> None:
    try:
        part = lenient(TalkAnswer, parse_json(line.encode()))
    except ValueError:
        return
    for message in or_empty(part.messages if part else None):
        note = "" if is_said(message) else clean_line(text_of(message), _NOTE).strip()
        await progress.report(number, note or "Glean is answering")


def _reply(body: bytes, source: HttpResponse[object] | Stream) -> Reply:
    parts = list(_parts(body, source.failure))
    return Reply(
        chat=next((part.chat_id for part in parts if part.chat_id), ""),
        speakers=next((Speakers.of(part.chat) for part in parts if part.chat), Speakers()),
        queued=next((part.queued_request_id for part in parts if part.queued_request_id), ""),
        messages=[message for part in parts for message in or_empty(part.messages)],
        accepted=source.status == _ACCEPTED,
        request_id=source.request_id,
        failure=source.failure,
    )


def _parts(body: bytes, failure: Failure) -> list[TalkAnswer]:
    """The answer, or the lines of one that was streamed, whatever its content type says."""
    try:
        values = [parse_json(body)]
    except ValueError:
        values = [_line(line, failure) for line in body.splitlines() if line.strip()]
    found = [part for value in values if (part := lenient(TalkAnswer, value)) is not None]
    if not found:
        raise failure("The answer of {service} cannot be read", hint=_LOOK)
    return found


def _line(line: bytes, failure: Failure) -> object:
    try:
        return parse_json(line)
    except ValueError:
        raise failure("The answer of {service} cannot be read", hint=_LOOK) from None


def _raise_failure(reply: Reply) -> None:
    """An error of the assistant comes as a message. The question was asked all the same."""
    failed = [one for one in reply.messages if one.kind == ERROR]
    if failed:
        raise OutcomeUnknown(
            sentence("Glean took the question and failed to answer it{}", quoted(text_of(failed[0]))),
            hint=_LOOK,
            operation="chat",
            request_id=reply.request_id,
        )


async def _answered(chats: Chats, where: str, said: Sequence[ChatMessage], reply: Reply) -> Message:
    """All parts of the answer as one message, under the id of the last."""
    if said[-1].has_more_fragments:
        raise reply.failure("The answer of {service} broke off", hint=_LOOK)
    conversation = chat_id(where)
    identifier = next((one.message_id for one in reversed(said) if one.message_id), None)
    stored = None if identifier else await _last(chats, where, AuthorKind.ASSISTANT)
    if stored is not None:
        return stored
    whole = to_message(said[-1], identifier or _unstored(), conversation, reply.speakers)
    citations = tuple(citation for one in said for citation in citations_of(one))
    return replace(whole, text="".join(text_of(one) for one in said), citations=citations)


def _unstored() -> str:
    """An id for what the service names nowhere, so that it is not taken for anything else."""
    return f"unstored-{uuid4().hex[:12]}"


async def _queued(chats: Chats, where: str, draft: Draft, request: str) -> Message:
    """The question, waiting for its answer."""
    stored = await _last(chats, where, None, draft.text)
    if stored is not None:
        return replace(stored, status="queued")
    author = Speakers().author(USER)
    return Message(
        id=request or _unstored(),
        conversation=chat_id(where),
        author=author,
        sent_at=None,
        text=draft.text,
        status="queued",
    )


async def _last(chats: Chats, where: str, kind: AuthorKind | None, text: str | None = None) -> Message | None:
    """The last message of a kind or with a text, when it can be looked up: the question is asked already."""
    try:
        messages = await chats.messages(where)
    except DragomanError:
        return None
    found = (one for one in reversed(messages) if one.author.kind is kind or one.text == text)
    return next(found, None)
