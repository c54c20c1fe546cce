"""One message, fetched by id or permalink."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dragoman.core.errors import NotFound
from dragoman.providers.glean.api import Api
from dragoman.providers.glean.mapping.mapping import from_document
from dragoman.providers.glean.mapping.wire import Document, GleanModel, Result
from dragoman.providers.kit.wire import lenient

HINT: Final = "list_messages and search_messages show what there is."


class _Documents(GleanModel):
    """The answer of ``/getdocuments``: documents by the id or link that was asked for."""

    documents: dict[str, object] | None = None


async def fetch_document(api: Api, identifier: str) -> Result:
    """The message with this id or permalink, with its text.

    Raises:
        NotFound: There is none, or it may not be seen.
    """
    spec = {"url": identifier} if is_link(identifier) else {"id": identifier}
    body = {"documentSpecs": [spec], "includeFields": ["DOCUMENT_CONTENT"]}
    answer, _ = await api.read("getdocuments", body, _Documents)
    document = _picked(answer.documents or {}, identifier)
    if document is None or document.error is not None or not (document.id or document.url or document.metadata):
        raise no_message()
    return from_document(document)


def is_link(identifier: str) -> bool:
    """Whether a message is named by its permalink."""
    return identifier.startswith(("https://", "http://"))


def no_message() -> NotFound:
    """The error for a message that is not there."""
    return NotFound("Glean has no such message in this conversation.", hint=HINT)


def _picked(documents: Mapping[str, object], identifier: str) -> Document | None:
    """The document asked for; of a single one the key may be written differently."""
    only = next(iter(documents.values())) if len(documents) == 1 else None
    return lenient(Document, documents.get(identifier, only))
