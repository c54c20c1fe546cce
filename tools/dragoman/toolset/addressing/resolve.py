"""From what an assistant writes - a number, a reference, a link, a title - to what is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

import anyio

from dragoman.accounts.workspace import Account, Workspace
from dragoman.core.errors import DragomanError, InvalidArgument, NotFound
from dragoman.core.model import Conversation
from dragoman.core.references import Reference, parse
from dragoman.core.sanitize import clean_line
from dragoman.providers.base.provider import Capability, ConversationQuery
from dragoman.toolset.addressing import title_cache
from dragoman.toolset.addressing.error_context import account_errors
from dragoman.toolset.addressing.truncated_references import expand_truncated

__all__ = [
    "account_errors",
    "conversation_address",
    "load_conversation",
    "parse_address",
    "resolve_conversation",
    "resolve_message",
]

_NUMBER: Final = re.compile(r"#?(\d{1,18})")
_LINK: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_TITLE_PAGES: Final = 5
_SHOWN: Final = 8


async def resolve_conversation(workspace: Workspace, said: str, *, fresh: bool = False) -> Conversation:
    """The conversation that is meant, with what is known of it.

    Args:
        workspace: The accounts.
        said: A reference, a link, or a title that exactly one conversation has.
        fresh: Ask the service even when the store remembers the conversation.

    Raises:
        NotFound: No conversation is meant by it; the sentence names near ones.
        InvalidArgument: Several conversations have this title; the sentence lists them.
    """
    said = await expand_truncated(workspace, said)
    reference = conversation_address(workspace, said)
    if reference is not None:
        return await load_conversation(workspace, reference, fresh=fresh)
    return await _by_title(workspace, said, fresh=fresh)


def conversation_address(workspace: Workspace, said: str) -> Reference | None:
    """As :func:`address`, for a conversation: the reference of a message is refused, a link to one is not.

    Raises:
        InvalidArgument: It is the reference of a message.
        NotFound: It is a link that no account recognises.
    """
    reference = parse_address(workspace, said)
    if reference is not None and reference.message is not None and not _LINK.fullmatch(said.strip()):
        raise InvalidArgument(
            "This is the reference of a message, and a conversation is meant.",
            hint=f"Its conversation is {Reference(reference.account, reference.conversation)}; "
            "a / that belongs to an id is written %2F.",
        )
    return reference


def parse_address(workspace: Workspace, said: str) -> Reference | None:
    """The address in a reference or a link; ``None`` when it can only be a title.

    Raises:
        NotFound: It is a link that no account recognises.
    """
    said = said.strip()
    if _LINK.fullmatch(said):
        return _by_link(workspace, said)
    reference = parse(said)
    return reference if reference and reference.account in workspace.accounts else None


async def load_conversation(workspace: Workspace, reference: Reference, *, fresh: bool = False) -> Conversation:
    """What the store remembers of a conversation, or else what its service tells."""
    account = workspace.account(reference.account)
    known = None if fresh else await workspace.recall_conversation(account, reference.conversation)
    if known is not None:
        return known
    async with account_errors(account):
        conversation = await (await account.provider()).get_conversation(reference.conversation)
    (named,) = await workspace.remember_conversations(account, [conversation])
    return named


async def resolve_message(workspace: Workspace, said: str) -> Reference:
    """The address of the message that is meant by a number, a reference or a link.

    Raises:
        NotFound: There is no such number or account.
        InvalidArgument: It is none of the three.
    """
    number = _NUMBER.fullmatch(said.strip())
    if number:
        found = await (await workspace.store()).locate(int(number[1]))
        if found is None or found[0] not in workspace.accounts:
            raise NotFound(f"There is no message {number[1]}.", hint="list_messages and search_messages show numbers.")
        return Reference(*found)
    reference = parse_address(workspace, said) or parse(said.strip())
    if reference is not None:
        workspace.account(reference.account)
    if reference is None or reference.message is None:
        raise InvalidArgument(
            "message must be a number such as 412, a reference account:conversation/message, or a link.",
            hint="list_messages and search_messages show numbers.",
        )
    return reference


def _by_link(workspace: Workspace, link: str) -> Reference:
    for account in workspace.accounts.values():
        found = account.parse_link(link)
        if found is not None:
            return Reference(account.name, *found)
    raise NotFound("No account recognises this link.", hint="Use a number or reference that the tools show.")


async def _by_title(workspace: Workspace, said: str, *, fresh: bool) -> Conversation:
    wanted = _plain(said)
    if not wanted:
        raise InvalidArgument("The conversation has no name.", hint="list_conversations shows references and titles.")
    lately = None if fresh else await _lately(workspace, said, wanted)
    if lately is not None:
        return lately
    known = await _candidates(workspace, said.strip().lstrip("#"))
    exact = [c for c in known if _plain(_called(c)) == wanted] or [c for c in known if c.id == said.strip()]
    if len(exact) == 1:
        title_cache.keep(workspace, said, Reference(exact[0].account, exact[0].id))
        return exact[0]
    if exact:
        raise InvalidArgument(
            f"{len(exact)} conversations have this title: {_listing(exact)}.", hint="Use one of the references."
        )
    foreign = parse(said.strip())
    if foreign is not None:
        workspace.account(foreign.account)
    hint = _spelling(workspace, said) or _nearest(wanted, known)
    raise NotFound(f"No conversation is called {clean_line(said, 60)!r}.", hint=hint)


async def _lately(workspace: Workspace, said: str, wanted: str) -> Conversation | None:
    """What these words meant a moment ago, if it is still there and still called so."""
    reference = title_cache.find(workspace, said)
    if reference is None:
        return None
    try:
        found = await load_conversation(workspace, reference, fresh=True)
    except NotFound:
        return None
    return found if _plain(found.title) == wanted or found.id == said.strip() else None


async def _candidates(workspace: Workspace, title: str) -> list[Conversation]:
    """Conversations that may have the title, and others for suggestions when none does."""
    accounts = workspace.accounts_for(Capability.LIST_CONVERSATIONS)
    found: list[Conversation] = []

    async def look(account: Account) -> None:
        async with account_errors(account):
            matching = await _titles(account, title)
            found.extend(await workspace.remember_conversations(account, matching or await _titles(account, None)))

    try:
        async with anyio.create_task_group() as group:
            for account in accounts:
                group.start_soon(look, account)
    except* DragomanError as failures:
        # A title cannot be said to be unique while an account is silent.
        failure = _first(failures)
        failure.hint = f"{failure.hint} A reference such as account:id works without this account.".strip()
        raise failure from None
    return found


async def _titles(account: Account, text: str | None) -> list[Conversation]:
    provider = await account.provider()
    found: list[Conversation] = []
    cursor: str | None = None
    for _ in range(_TITLE_PAGES):
        page = await provider.list_conversations(ConversationQuery(text=text, limit=100, cursor=cursor))
        found.extend(page.items)
        if page.cursor is None:
            break
        cursor = page.cursor
    return found


def _first(failures: BaseExceptionGroup[DragomanError]) -> DragomanError:
    for failure in failures.exceptions:
        return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure
    raise AssertionError  # an exception group is never empty


def _plain(title: str) -> str:
    return " ".join(title.split()).lstrip("#").strip().casefold()


def _called(conversation: Conversation) -> str:
    """What answers call it: its title, else its people."""
    return conversation.title or ", ".join(conversation.participants)


def _spelling(workspace: Workspace, said: str) -> str:
    """How a reference to one of the accounts has to be written, when it is written otherwise."""
    account, _, rest = said.strip().partition(":")
    if not rest.strip() or account not in workspace.accounts:
        return ""
    return "In a reference, white space of an id is written %20, and / is %2F."


def _nearest(wanted: str, known: Sequence[Conversation]) -> str:
    by_title = {_plain(_called(c)): c for c in known if _called(c)}
    near = [by_title[title] for title in get_close_matches(wanted, by_title, n=3, cutoff=0.4)]
    if near:
        return f"Nearest: {_listing(near)}."
    return "list_conversations shows references and titles."


def _listing(conversations: Sequence[Conversation]) -> str:
    shown = [f"{Reference(c.account, c.id)} ({clean_line(_called(c), 60)})" for c in conversations[:_SHOWN]]
    return ", ".join(shown) + (", ..." if len(conversations) > _SHOWN else "")
