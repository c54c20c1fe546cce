"""From chats with the assistant to conversations and messages. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from dragoman.core.model import Attachment, Author, AuthorKind, Citation, Conversation, Message
from dragoman.core.text_size import ENTRY
from dragoman.core.times import parse_time
from dragoman.providers.glean.conversation_id import KINDS, IdKind, chat_id
from dragoman.providers.glean.mapping.chat_wire import (
    ASSISTANT,
    CONTENT,
    USER,
    Chat,
    ChatMessage,
    CitationSource,
    Fragment,
)
from dragoman.providers.glean.mapping.mapping import NOBODY, to_author
from dragoman.providers.glean.mapping.results import in_order, snippet_text
from dragoman.providers.glean.mapping.wire import Person
from dragoman.providers.kit.wire import or_empty

_NAME: Final = "Glean"
_USER: Final = Author(name=NOBODY)
_ASSISTANT: Final = Author(id=ASSISTANT, name=_NAME, kind=AuthorKind.ASSISTANT)
_WRITERS: Final = frozenset({"OWNER", "EDITOR"})
_OUTSIDERS: Final = frozenset({"NON_EMPLOYEE", "FORMER_EMPLOYEE"})
_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Speakers:
    """The user and the assistant of a chat."""

    user: Author = _USER
    assistant: Author = _ASSISTANT

    @classmethod
    def of(cls, chat: Chat) -> Speakers:
        """The user is the creator, unless others may write too; the assistant has its application's name."""
        creator = chat.created_by
        writers = {role.person.obfuscated_id for role in or_empty(chat.roles) if role.person and role.role in _WRITERS}
        # Where others write too, nobody tells who asked what.
        alone = creator is not None and bool(creator.name) and writers <= {creator.obfuscated_id}
        name = (chat.application_name or "").strip() or _NAME
        return cls(to_author(creator) if creator and alone else _USER, replace(_ASSISTANT, name=name))

    def author(self, by: str) -> Author:
        """The author that the service names; an unknown one keeps its name."""
        known = {USER: self.user, ASSISTANT: self.assistant}
        return known.get(by) or Author(id=by, name=by, kind=AuthorKind.SYSTEM)


def to_conversation(chat: Chat, identifier: str) -> Conversation:
    """A chat without its messages; where roles are told, all who have one can read it."""
    people = {person.obfuscated_id or person.name: person for person in _people(chat)}.values()
    return Conversation(
        id=chat_id(identifier),
        title=chat.name or "",
        kind=KINDS[IdKind.CHAT],
        last_message_at=parse_time(chat.update_time) or parse_time(chat.create_time),
        participants=tuple(person.name or "" for person in people),
        external=tuple(person.name or "" for person in people if _is_outsider(person)),
    )


def _people(chat: Chat) -> Iterator[Person]:
    for person in (chat.created_by, *(role.person for role in or_empty(chat.roles))):
        if person is not None and person.name:
            yield person


def _is_outsider(person: Person) -> bool:
    return person.metadata is not None and person.metadata.type in _OUTSIDERS


def to_messages(chat: Chat, conversation: str) -> list[Message]:
    """Questions and answers, oldest first, without notes about progress and failures.

    A message without an id gets its place as one; new messages come behind it, so it stays.
    """
    speakers = Speakers.of(chat)
    said = [one for one in chronological(or_empty(chat.messages)) if is_said(one)]
    return [
        to_message(one, identifier, conversation, speakers)
        for one, identifier in zip(said, _identifiers(said), strict=True)
    ]


def size_of(chat: Chat) -> int:
    """About how many characters :func:`to_messages` has to read, with all entries of lists."""
    messages = or_empty(chat.messages)
    fragments = [one for message in messages for one in or_empty(message.fragments)]
    sources = sum(len(or_empty(one.structured_results)) for one in fragments)
    sources += sum(len(or_empty(message.citations)) for message in messages)
    return ENTRY * (len(messages) + len(fragments) + sources) + sum(len(one.text or "") for one in fragments)


def to_message(message: ChatMessage, identifier: str, conversation: str, speakers: Speakers) -> Message:
    """One message of a chat."""
    fragments = or_empty(message.fragments)
    return Message(
        id=identifier,
        conversation=conversation,
        author=speakers.author(message.by),
        sent_at=parse_time(message.ts),
        text=text_of(message),
        attachments=tuple(_attachments(fragments, or_empty(message.uploaded_file_ids))),
        citations=tuple(citations_of(message)),
    )


def text_of(message: ChatMessage) -> str:
    """All text of a message; without any, the search that it suggests."""
    fragments = or_empty(message.fragments)
    text = "".join(one.text for one in fragments if one.text)
    return text or next((one.query_suggestion.query or "" for one in fragments if one.query_suggestion), "")


def is_said(message: ChatMessage) -> bool:
    """Whether a message is a part of the talk, and no note about how it goes on."""
    return message.kind == CONTENT


def chronological(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Oldest first, whatever the order of the service.

    By time where there is one; what has none stays behind its neighbour. Without two times to compare, a
    list that begins with an answer and ends with a question runs backwards.
    """
    times = [at for one in messages if (at := parse_time(one.ts))]
    # The order of messages is not documented, and differs between deployments.
    if len(set(times)) > 1:
        backwards = times[0] > times[-1]
    else:
        backwards = len(messages) > 1 and messages[0].by == ASSISTANT and messages[-1].by == USER
    placed: list[tuple[datetime, ChatMessage]] = []
    latest = _BEFORE_ALL
    for one in reversed(messages) if backwards else messages:
        # What has no time stays behind its neighbour.
        latest = parse_time(one.ts) or latest
        placed.append((latest, one))
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


def citations_of(message: ChatMessage) -> Iterator[Citation]:
    """Sources in the newer form, else in the older one, then what was found along the way."""
    fragments = or_empty(message.fragments)
    # Deployments in change send both forms, which name the same sources.
    newer = [one.citation for one in fragments if one.citation]
    for source in newer or or_empty(message.citations):
        yield _citation(source)
    for result in (result for one in fragments for result in or_empty(one.structured_results)):
        document, person = result.document, result.person
        title = (document and (document.title or document.url)) or (person and person.name)
        if title:
            yield Citation(title=title, url=(document and document.url) or None)


def _citation(source: CitationSource) -> Citation:
    document, file, person = source.source_document, source.source_file, source.source_person
    title = (
        (document and (document.title or document.url)) or (file and file.name) or (person and person.name) or "source"
    )
    quoted = [snippet for part in or_empty(source.reference_ranges) for snippet in in_order(or_empty(part.snippets))]
    text = "\n".join(words for one in quoted if (words := snippet_text(one)))
    return Citation(title=title, url=(document and document.url) or (file and file.url) or None, text=text or None)


def _attachments(fragments: Iterable[Fragment], uploaded: Iterable[str]) -> Iterator[Attachment]:
    shown: set[str] = set()
    for file in (one.file for one in fragments if one.file):
        more = file.metadata
        # An uploaded file is named in both places.
        shown.add(file.id or "")
        yield Attachment(
            name=file.name or file.id or "file",
            id=file.id or "",
            media_type=more.mime_type if more else None,
            size=more.processed_size if more else None,
            url=file.url,
        )
    yield from (Attachment(name=one, id=one) for one in uploaded if one and one not in shown)


def _identifiers(messages: Sequence[ChatMessage]) -> Iterator[str]:
    """An id for each message. One that comes again gets a number, so that none is taken for another."""
    used: dict[str, int] = {}
    for position, message in enumerate(messages, 1):
        identifier = message.message_id or f"n{position}"
        used[identifier] = used.get(identifier, 0) + 1
        yield identifier if used[identifier] == 1 else f"{identifier}~{used[identifier]}"
