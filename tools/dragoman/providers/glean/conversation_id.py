"""Conversation ids: ``slack.channel.C02QF8N7J``, ``slack.thread.1717430812.004200``, ``doc.ID``, ``chat.ID``.

A workspace other than the account's stands at the end as ``@T01ACME9``, a connector instance as ``@~Name``.
Ids of Microsoft Teams hold an ``@`` of their own (``19:abc@thread.tacv2``), which has a full stop behind it
and therefore is neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from dragoman.core.errors import NotFound
from dragoman.core.model import ConversationKind
from dragoman.providers.glean.settings import DATASOURCES, GleanSettings

NEW_CHAT: Final = "new"
_WORKSPACE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SOURCE_ID: Final = re.compile(r"[A-Z][A-Z0-9]{5,}|.*[:@/].*|\d[\d.]*")
_HINT: Final = "Conversations are slack.channel.ID, slack.thread.ID, doc.ID or chat.ID; list_conversations shows them."


class IdKind(StrEnum):
    """Kinds of conversations."""

    CHANNEL = "channel"
    THREAD = "thread"
    DOCUMENT = "doc"
    CHAT = "chat"


ID_TYPES: Final = {
    IdKind.CHANNEL: "CHANNEL_NAME",
    IdKind.THREAD: "THREAD_ID",
    IdKind.DOCUMENT: "CONVERSATION_ID",
}
KINDS: Final = {
    IdKind.CHANNEL: ConversationKind.CHANNEL,
    IdKind.THREAD: ConversationKind.THREAD,
    IdKind.DOCUMENT: ConversationKind.ROOM,
    IdKind.CHAT: ConversationKind.ASSISTANT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A parsed conversation id: the id of the source system for channels and threads, else of Glean.

    ``datasource`` is as ``/messages`` spells it, empty for chats; ``instance`` is the connector's display name.
    """

    where: IdKind
    id: str
    datasource: str = ""
    workspace: str | None = None
    instance: str | None = None

    @classmethod
    def parse(cls, conversation: str, settings: GleanSettings) -> Self:
        """Parse a conversation id; the account's settings fill what it leaves open."""
        head, _, rest = conversation.partition(".")
        if head == IdKind.CHAT and rest:
            return cls(where=IdKind.CHAT, id=rest)
        where, datasource = IdKind.DOCUMENT, settings.datasource
        if head != IdKind.DOCUMENT:
            kind, _, rest = rest.partition(".")
            datasource = head.upper()
            # One spelling each: the store would take two for two conversations.
            if head != head.lower() or datasource not in DATASOURCES or kind not in {IdKind.CHANNEL, IdKind.THREAD}:
                raise NotFound("This is no conversation of Glean.", hint=_HINT)
            where = IdKind(kind)
        identifier, workspace, instance = _without_tail(rest)
        if not identifier:
            raise NotFound("This is no conversation of Glean.", hint=_HINT)
        return cls(
            where=where,
            id=identifier,
            datasource=datasource,
            workspace=workspace or settings.workspace_id,
            instance=instance or settings.instance,
        )

    def request(self) -> dict[str, object]:
        """The request of ``/messages``; members without a value are left out."""
        told = {"workspaceId": self.workspace, "datasourceInstanceDisplayName": self.instance}
        return {
            "idType": ID_TYPES[self.where],
            "id": self.id,
            "datasource": self.datasource,
            **{name: value for name, value in told.items() if value is not None},
        }

    @property
    def looks_like_an_id(self) -> bool:
        """Whether the id has the form that source systems give, and not that of a name."""
        return _SOURCE_ID.fullmatch(self.id) is not None


def channel_id(datasource: str, identifier: str, workspace: str | None = None) -> str:
    """The conversation id of a channel. ``workspace`` only where it is not the account's."""
    tail = f"@{workspace}" if workspace else ""
    if not tail and _without_tail(identifier)[0] != identifier:
        tail = "@"  # an empty tail says that the @ before it belongs to the id
    return f"{datasource.lower()}.{IdKind.CHANNEL}.{identifier}{tail}"


def document_id(identifier: str) -> str:
    """The conversation id of a whole conversation that Glean keeps as one document."""
    # An empty tail says that the @ before it belongs to the id.
    tail = "@" if _without_tail(identifier)[0] != identifier else ""
    return f"{IdKind.DOCUMENT}.{identifier}{tail}"


def chat_id(identifier: str) -> str:
    """The conversation id of a chat with the assistant."""
    return f"{IdKind.CHAT}.{identifier}"


def _without_tail(text: str) -> tuple[str, str | None, str | None]:
    """Id, workspace and instance."""
    identifier, at, tail = text.rpartition("@")
    if not at or not identifier:
        return text, None, None
    if not tail:
        return identifier, None, None
    # Names of connectors may have blanks, ids of workspaces never do.
    if tail.startswith("~") or " " in tail:
        return identifier, None, tail.removeprefix("~") or None
    return (identifier, tail, None) if _WORKSPACE.fullmatch(tail) else (text, None, None)
