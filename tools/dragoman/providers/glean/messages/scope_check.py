"""Whether a message belongs to a conversation, as far as the service tells. Pure."""

from __future__ import annotations

import re
from typing import Final

from dragoman.core.permalinks import read_link
from dragoman.providers.glean.conversation_id import Address, IdKind, channel_id, document_id
from dragoman.providers.glean.mapping.mapping import link_of, message_id, metadata_of
from dragoman.providers.glean.mapping.results import Piece
from dragoman.providers.glean.mapping.wire import Metadata, Result
from dragoman.providers.glean.settings import GleanSettings

_SLACK_ID: Final = re.compile(r"[A-Z][A-Z0-9]{5,}")
_SLACK_CONTAINER: Final = re.compile(r"SLACK.*_CHANNEL_[A-Z][A-Z0-9]{5,}")


def is_in_conversation(result: Result, address: Address, source: str = "") -> bool | None:
    """Whether a message is in a conversation; ``None`` when nothing tells.

    Glean's ids of containers are opaque: of those that do not end with the wanted id, only Slack's are known to differ.
    ``source`` is the source system's id of the conversation, where the address has a name and the id is known.
    """
    if address.where is IdKind.THREAD:
        return _in_thread(result, address.id)
    facts, link = metadata_of(result), read_link(link_of(result))
    wanted = {address.id, source} - {""}
    container, name = facts.container_id or "", (facts.container or "").lstrip("#").casefold()
    named = bool(name) and name == address.id.lstrip("#").casefold()
    if named or (link and link.channel in wanted) or any(_ends_with(container, one) for one in wanted):
        return True
    # A name cannot be compared with ids; only another name says no.
    if not (source or address.looks_like_an_id):
        return False if name else None
    in_link = link is not None and address.datasource in link.sources
    slack = _SLACK_CONTAINER.fullmatch(container)
    in_container = slack is not None and any(_SLACK_ID.fullmatch(one) for one in wanted)
    return False if in_link or in_container else None


def _ends_with(container: str, identifier: str) -> bool:
    """Whether the id of a container is that of the source system, or made of it."""
    before = container.removesuffix(identifier)
    # C12 is the end of ABC12 too, and another channel.
    return before != container and not before[-1:].isalnum()


def home_of(piece: Piece, settings: GleanSettings) -> str:
    """The conversation id for a message that was found somewhere."""
    result = piece.result
    facts, link = metadata_of(result), read_link(link_of(result))
    datasource = (result.document and result.document.datasource) or facts.datasource or settings.connector
    workspace = _foreign_workspace(facts, settings)
    if link is not None:
        known = datasource.upper() in link.sources
        return channel_id(datasource if known else link.sources[0], link.channel, workspace)
    if facts.container:
        return channel_id(settings.connector, facts.container.lstrip("#"), workspace)
    return document_id(message_id(piece.whole or result))


def _in_thread(result: Result, thread: str) -> bool | None:
    facts, link = metadata_of(result), read_link(link_of(result))
    stamps = {facts.datasource_id, link.thread or link.message if link else None}
    if thread in stamps or (facts.parent_id or "").endswith(thread):
        return True
    return False if link and (link.thread or link.message) else None


def _foreign_workspace(facts: Metadata, settings: GleanSettings) -> str | None:
    """The workspace of a message, when it is known not to be the account's."""
    whole = facts.super_container_id or ""
    workspace = whole.rpartition("_")[2]
    if not workspace or settings.workspace_id is None or settings.workspace_id in {whole, workspace}:
        return None
    return workspace if workspace.replace("-", "").isalnum() else None
