"""A message as a row of the full-text index."""

from __future__ import annotations

from typing import Final

from dragoman.core.model import Message
from dragoman.store import index_terms

INSERT: Final = "REPLACE INTO $index(rowid, body, parts, scope) VALUES(?, ?, ?, ?)"


def index_row(message: Message, number: int) -> tuple[int, str, str, str]:
    """The columns for :data:`INSERT`.

    Args:
        message: What is indexed.
        number: The table's number of it.
    """
    text = searched_text(message)
    scope = _scope(message, text) if message.labels or message.attachments or "://" in text else ""
    return number, index_terms.body(text), index_terms.parts(text), scope


def searched_text(message: Message) -> str:
    """All of a message in which words are looked for."""
    if message.subject is None and not message.attachments:
        return message.text
    return "\n".join([message.text, message.subject or "", *(file.name for file in message.attachments)])


def _scope(message: Message, text: str) -> str:
    scope = list(map(index_terms.label_scope, message.labels))
    if message.attachments:
        scope.append(index_terms.HAS_FILE)
    if index_terms.holds_link(text):
        scope.append(index_terms.HAS_LINK)
    return " ".join(scope)
