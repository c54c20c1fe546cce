"""Whether a message belongs to a conversation, as far as the service tells. Pure."""

from __future__ import annotations

from dragoman.providers.glean.conversation_id import Address, Where, channel_id, document_id
from dragoman.providers.glean.mapping.mapping import link_of, message_id, metadata_of
from dragoman.providers.glean.mapping.permalinks import read_link
from dragoman.providers.glean.mapping.result_tree import Piece
from dragoman.providers.glean.mapping.wire import Metadata, Result
from dragoman.providers.glean.settings import GleanSettings


def belongs(result: Result, address: Address, source: str = "") -> bool | None:
    """Whether a message is in a conversation; ``None`` when nothing tells.

    Args:
        result: The message.
        address: The conversation.
        source: The source system's id of the conversation, where it is known and the address has a name.
    """
    if address.where is Where.THREAD:
        return _in_thread(result, address.id)
    facts, link = metadata_of(result), read_link(link_of(result))
    wanted = {address.id, source} - {""}
    ids = {*_container_ids(facts), link.channel if link else ""} - {""}
    name = (facts.container or "").lstrip("#").casefold()
    if ids & wanted or (name and name == address.id.lstrip("#").casefold()):
        return True
    comparable = ids if source or address.looks_like_an_id else name
    return False if comparable else None


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


def _container_ids(facts: Metadata) -> set[str]:
    """Glean's id of the channel, and the end of it, which is the source system's id where it is made of one."""
    whole = facts.container_id or ""
    return {whole, whole.rpartition("_CHANNEL_")[2]}


def _foreign_workspace(facts: Metadata, settings: GleanSettings) -> str | None:
    """The workspace of a message, when it is known not to be the account's."""
    whole = facts.super_container_id or ""
    workspace = whole.rpartition("_")[2]
    if not workspace or settings.workspace_id is None or settings.workspace_id in {whole, workspace}:
        return None
    return workspace if workspace.replace("-", "").isalnum() else None
