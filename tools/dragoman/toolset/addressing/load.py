"""Loads conversations that are known by their references."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Final

from dragoman.core.context.inline import run_together
from dragoman.core.errors import DragomanError
from dragoman.core.model import Conversation
from dragoman.core.queries import ConversationQuery
from dragoman.core.references import Reference
from dragoman.rendering.views import ConversationKey

if TYPE_CHECKING:
    from dragoman.accounts.workspace import Workspace


NOTHING_YET: Final = "There are no messages yet: `dragoman import FILE` brings some in, `dragoman init` adds a service."
"""The note for a workspace without services and conversations."""


def has_service(workspace: Workspace) -> bool:
    """Whether any account can have conversations that nobody imported."""
    return any(account.provider_class.external for account in workspace.accounts.values())


async def is_empty(workspace: Workspace) -> bool:
    """Whether there is nothing to read, and only the user can change that."""
    if has_service(workspace):
        return False
    from dragoman.core.context.instrumentation import unobserved  # noqa: PLC0415  # takes time, and is seldom needed

    try:
        with unobserved():
            for account in workspace.accounts.values():
                if (await (await account.provider()).list_conversations(ConversationQuery(limit=1))).items:
                    return False
    except DragomanError:
        return False  # an account that cannot be read may hold some
    return True


async def load_conversations(
    workspace: Workspace, conversations: Collection[ConversationKey]
) -> dict[ConversationKey, Conversation]:
    """Load conversations for the lines above their messages."""
    found: dict[ConversationKey, Conversation] = {}

    async def load(key: ConversationKey) -> None:
        try:
            found[key] = await workspace.load_conversation(Reference(*key))
        except DragomanError:
            # A message is worth showing without the title of its conversation.
            found[key] = Conversation(id=key[1], account=key[0])

    await run_together(partial(load, key) for key in conversations)
    return found
