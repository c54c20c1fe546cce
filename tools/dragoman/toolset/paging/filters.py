"""The filters of a query, applied once more to what a service has narrowed as far as it can."""

from __future__ import annotations

from dragoman.core.model import Author, Conversation, Message
from dragoman.providers.base.provider import ConversationQuery, MessageQuery, SearchQuery


def matches(message: Message, query: MessageQuery | SearchQuery) -> bool:
    """Does a message pass the filters of author and time. A thread is the provider's to find."""
    return (query.author is None or by(message.author, query.author)) and _within(message, query)


def by(author: Author, wanted: str) -> bool:
    """Is this the author: a part of the name in any case, or exactly the id or e-mail address."""
    said = wanted.strip().lstrip("@").casefold()
    return (
        said in author.name.casefold() or wanted in (author.id, author.email) or said == (author.email or "").casefold()
    )


def conversation_matches(conversation: Conversation, query: ConversationQuery) -> bool:
    """Does a conversation pass: its kind, and the text in its title, participants or id."""
    if query.kind is not None and conversation.kind is not query.kind:
        return False
    if query.text is None:
        return True
    wanted = query.text.strip().lstrip("#").casefold()
    return any(wanted in said.casefold() for said in (conversation.title, *conversation.participants, conversation.id))


def _within(message: Message, query: MessageQuery | SearchQuery) -> bool:
    if message.sent_at is None:
        return True
    return (query.since is None or message.sent_at >= query.since) and (
        query.until is None or message.sent_at < query.until
    )
