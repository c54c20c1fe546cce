"""Expands references that an answer has cut, which end with ``…``."""

from __future__ import annotations

from typing import Final

from dragoman.accounts.workspace import Account, Workspace
from dragoman.core.errors import InvalidArgument
from dragoman.core.references import ACCOUNT_NAME, Reference
from dragoman.providers.base.provider import Capability, ConversationQuery
from dragoman.toolset.addressing.error_context import account_errors

CUT: Final = "…"
_PAGES: Final = 50
_PAGE: Final = 100


async def expand_truncated(workspace: Workspace, said: str) -> str:
    """Expand the beginning of a reference to the whole one.

    Args:
        workspace: The accounts.
        said: Any text; what does not end with ``…``, or begins no reference, is returned unchanged.

    Raises:
        InvalidArgument: Several conversations of the account begin so.
    """
    beginning = said.strip().removesuffix(CUT)
    name, colon, _ = beginning.partition(":")
    account = workspace.accounts.get(name) if colon and ACCOUNT_NAME.fullmatch(name) else None
    if beginning == said.strip() or account is None or not account.supports(Capability.LIST_CONVERSATIONS):
        return said
    found = await _beginning_with(account, beginning)
    if said.strip() in found or not found:
        return said
    if len(found) > 1:
        raise InvalidArgument(
            "Several conversations begin with this reference.",
            hint="Ask for them once more with a larger max_tokens, which shows references whole.",
        )
    return found.pop()


async def _beginning_with(account: Account, beginning: str) -> set[str]:
    found: set[str] = set()
    cursor: str | None = None
    async with account_errors(account):
        provider = await account.provider()
        for _ in range(_PAGES):
            page = await provider.list_conversations(ConversationQuery(limit=_PAGE, cursor=cursor))
            references = (str(Reference(account.name, one.id)) for one in page.items)
            found.update(reference for reference in references if reference.startswith(beginning))
            if page.cursor is None:
                break
            cursor = page.cursor
    return found
