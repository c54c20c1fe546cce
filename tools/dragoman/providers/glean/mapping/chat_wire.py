"""Answers of Glean Chat. Times of a chat are Unix seconds, those of its messages are text."""

from __future__ import annotations

from typing import Final

from dragoman.providers.glean.mapping.wire import Document, GleanModel, Person, Snippet

USER: Final = "USER"
ASSISTANT: Final = "GLEAN_AI"
CONTENT: Final = "CONTENT"
ERROR: Final = "ERROR"


class ReferenceRange(GleanModel):
    """A passage that a citation rests on."""

    snippets: list[Snippet] | None = None


class SourceFile(GleanModel):
    """A file that was uploaded."""

    id: str | None = None
    name: str | None = None
    url: str | None = None


class FileMetadata(GleanModel):
    """More about an uploaded file."""

    processed_size: int | None = None
    mime_type: str | None = None


class ChatFile(SourceFile):
    """An uploaded file in a message."""

    metadata: FileMetadata | None = None


class CitationSource(GleanModel):
    """The source of a statement: one of these, or something newer."""

    source_document: Document | None = None
    source_file: SourceFile | None = None
    source_person: Person | None = None
    reference_ranges: list[ReferenceRange] | None = None


class StructuredResult(GleanModel):
    """Something that was found while answering."""

    document: Document | None = None
    person: Person | None = None


class QuerySuggestion(GleanModel):
    """A search that was or could be made."""

    query: str | None = None


class Fragment(GleanModel):
    """A piece of a message: one of these."""

    text: str | None = None
    citation: CitationSource | None = None
    file: ChatFile | None = None
    structured_results: list[StructuredResult] | None = None
    query_suggestion: QuerySuggestion | None = None


class ChatMessage(GleanModel):
    """A message; without author it is the user's, without type it is content."""

    author: str | None = None
    message_type: str | None = None
    message_id: str | None = None
    ts: str | None = None
    fragments: list[Fragment] | None = None
    citations: list[CitationSource] | None = None
    uploaded_file_ids: list[str] | None = None
    has_more_fragments: bool | None = None

    @property
    def by(self) -> str:
        """The author."""
        return self.author or USER

    @property
    def kind(self) -> str:
        """The kind of message."""
        return self.message_type or CONTENT


class Role(GleanModel):
    """A person's role in a chat."""

    role: str | None = None
    person: Person | None = None


class Chat(GleanModel):
    """A chat; ``messages`` only where one chat was asked for."""

    id: str | None = None
    name: str | None = None
    create_time: int | None = None
    update_time: int | None = None
    created_by: Person | None = None
    application_name: str | None = None
    roles: list[Role] | None = None
    messages: list[ChatMessage] | None = None


class ChatResult(GleanModel):
    """The wrapper around a chat."""

    chat: Chat | None = None


class ChatsAnswer(GleanModel):
    """The answer of ``/listchats``. Its cursor leads nowhere: no request takes one."""

    chat_results: list[ChatResult] | None = None


class ChatAnswer(GleanModel):
    """The answer of ``/getchat``."""

    chat_result: ChatResult | None = None


class TalkAnswer(GleanModel):
    """The answer of ``/chat``, or one line of it when it streams."""

    chat_id: str | None = None
    chat: Chat | None = None
    queued_request_id: str | None = None
    messages: list[ChatMessage] | None = None
