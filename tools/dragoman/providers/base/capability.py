"""Capabilities of an account."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Capability(StrEnum):
    """Something an account can do; each is the name of a method of :class:`Provider` and of a tool."""

    LIST_CONVERSATIONS = "list_conversations"
    LIST_MESSAGES = "list_messages"
    GET_MESSAGE = "get_message"
    SEARCH_MESSAGES = "search_messages"
    SEND_MESSAGE = "send_message"
    UPDATE_MESSAGE = "update_message"
    IMPORT_MESSAGE = "import_message"


WRITES: Final = frozenset({Capability.SEND_MESSAGE, Capability.UPDATE_MESSAGE, Capability.IMPORT_MESSAGE})
