"""The filters of a query, applied once more to what a service has narrowed as far as it can."""

from __future__ import annotations

from dragoman.core.folding import fold
from dragoman.core.model import Conversation, Message
from dragoman.core.names import author_matches, conversation_matches_text
from dragoman.core.queries import ConversationQuery, Filter, MessageQuery, SearchQuery
from dragoman.store.index_terms import holds_link

UNREAD = "unread"


def matches(message: Message, query: MessageQuery | SearchQuery) -> bool:
    """Whether a message passes the filters. The provider finds threads and words."""
    if query.author is not None and not author_matches(message.author, query.author):
        return False
    if isinstance(query, SearchQuery) and not all(_passes(message, one) for one in query.filters):
        return False
    return _within(message, query)


def conversation_matches(conversation: Conversation, query: ConversationQuery) -> bool:
    """Whether a conversation has the kind, and the text in its title, participants or id."""
    if query.kind is not None and conversation.kind is not query.kind:
        return False
    return query.text is None or conversation_matches_text(conversation, query.text)


def _passes(message: Message, one: Filter) -> bool:
    return _holds(message, one) is not one.negated


def _holds(message: Message, one: Filter) -> bool:
    wanted = fold(one.value).strip()
    labels = {fold(label).strip() for label in message.labels}
    match one.name:
        case "from":
            return author_matches(message.author, one.value)
        case "in":
            return message.conversation == one.value
        case "has":
            return bool(message.attachments) if one.value == "file" else holds_link(message.text)
        case "is":
            return UNREAD in labels or fold(message.status or "") == UNREAD
        case "subject":
            return wanted in fold(message.subject or "")
        case "label":
            return wanted in labels


def _within(message: Message, query: MessageQuery | SearchQuery) -> bool:
    # No window would ever show it otherwise.
    if message.sent_at is None:
        return True
    return (query.since is None or message.sent_at >= query.since) and (
        query.until is None or message.sent_at < query.until
    )
