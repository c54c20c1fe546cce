"""Resolves what an assistant writes - a number, a reference, a link, a title - to a conversation or message."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from dragoman.accounts.account import Account
from dragoman.accounts.account_list import account_errors
from dragoman.accounts.workspace import Workspace
from dragoman.core.errors import DragomanError, InvalidArgument, NotFound
from dragoman.core.model import Conversation
from dragoman.core.names import display_title, title_key
from dragoman.core.references import ACCOUNT_NAME, Reference, parse
from dragoman.core.safe_text import Sentence, join, safe, sentence
from dragoman.providers.base.provider import Capability, ConversationQuery
from dragoman.rendering.views import Failure
from dragoman.toolset.addressing.load import NOTHING_YET, has_service
from dragoman.toolset.addressing.titles import (
    FoundTitles,
    TitleCache,
    find_titles,
    listing,
    nearest,
)

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
    # Whatever cannot be a cut reference may be a title that ends with the sign.
    if beginning == said.strip() or account is None or not account.supports(Capability.LIST_CONVERSATIONS):
        return said
    found = await _beginning_with(account, beginning)
    # A conversation may really be called so.
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
    with account_errors(account):
        provider = await account.provider()
        for _ in range(_PAGES):
            page = await provider.list_conversations(ConversationQuery(limit=_PAGE, cursor=cursor))
            references = (str(Reference(account.name, one.id)) for one in page.items)
            found.update(reference for reference in references if reference.startswith(beginning))
            if page.cursor is None:
                break
            cursor = page.cursor
    return found


_NUMBER: Final = re.compile(r"#?(\d{1,18})(?:\.0+)?")
_QUOTES: Final = "`<>\"' "
"""Signs that people and models put around a reference."""

_LINK: Final = re.compile(r"(?:https?://|(?P<scheme>mailto|mid):)\S+", re.IGNORECASE)
_PATIENCE: Final = 10.0
"""Seconds that an account may take to tell whether it has a title, while others could answer a reader."""


async def resolve_conversation(workspace: Workspace, said: str, *, fresh: bool = False) -> Conversation:
    """Resolve a reference, a link or a title to a conversation.

    Args:
        workspace: The accounts.
        said: A reference, a link, or a title that exactly one conversation has.
        fresh: Ask the service even when the store remembers the conversation.

    Raises:
        NotFound: There is no such conversation; the sentence names near ones.
        InvalidArgument: Several conversations have this title; the sentence lists them.
    """
    if said.rstrip().endswith(CUT):
        said = await expand_truncated(workspace, said)
    reference = conversation_address(workspace, said)
    if reference is not None:
        return await workspace.load_conversation(reference, fresh=fresh)
    return await _by_title(workspace, said, fresh=fresh)


async def resolve_for_reading(
    workspace: Workspace, said: str, *, by_id: bool = False
) -> tuple[Conversation, list[Failure]]:
    """As :func:`resolve_conversation`, from those accounts that can answer.

    Args:
        workspace: The accounts.
        said: A reference, a link, or a title that exactly one conversation has.
        by_id: Ask for nothing but a title, where the service needs the id alone; the list then says what is wrong.

    Returns:
        The conversation, and the accounts that could not be asked for its title.

    Raises:
        DragomanError: As above; where it is not found, why an account could not be asked.
    """
    if said.rstrip().endswith(CUT):
        said = await expand_truncated(workspace, said)
    reference = conversation_address(workspace, said)
    if reference is not None:
        return await _load_equivalent(workspace, reference, by_id=by_id), []
    # Finding a title asks every account, so what was found lately is tried first.
    lately = await _cached(workspace, said)
    if lately is not None:
        return lately, []
    found = await _find(workspace, said, _PATIENCE)
    if found.failures and not found.matches:
        raise _with_advice(found.failures[0])
    reasons = [Failure(one.account, one.sentences) for one in found.failures]
    return _only_one(workspace, said, found), reasons


async def _load_equivalent(workspace: Workspace, reference: Reference, *, by_id: bool) -> Conversation:
    """The conversation of a reference, also when its letters are composed in another way there."""
    if by_id:
        account = workspace.account(reference.account)
        provider = account.provider_class
        is_enough = provider.reads_by_id and not provider.begins_conversation(reference.conversation)
        if is_enough and account.settings.remember == "full":
            known = await (await workspace.store()).messages.conversation(account.name, reference.conversation)
            return known or Conversation(id=reference.conversation, account=account.name)
    try:
        return await workspace.load_conversation(reference)
    except NotFound:
        if reference.conversation.isascii():
            raise
        wanted = unicodedata.normalize("NFC", reference.conversation)
        found = await find_titles(workspace, reference.conversation, patience=_PATIENCE)
        same = [
            one
            for one in (*found.matches, *found.others)
            # macOS composes letters in another way than services do, and people copy ids by hand.
            if one.account == reference.account and unicodedata.normalize("NFC", one.id) == wanted
        ]
        if len(same) != 1:
            raise
        return same[0]


def conversation_address(workspace: Workspace, said: str) -> Reference | None:
    """As :func:`parse_address`, for a conversation: the reference of a message is refused, a link to one is not.

    Raises:
        InvalidArgument: It is the reference of a message.
        NotFound: It is a link that no account recognises.
    """
    reference = parse_address(workspace, said)
    if reference is not None and reference.message is not None and not _is_link(workspace, said.strip()):
        raise InvalidArgument(
            "This is the reference of a message, and a conversation is meant.",
            hint=sentence(
                "Its conversation is {}; a / that belongs to an id is written %2F.",
                Reference(reference.account, reference.conversation),
            ),
        )
    return reference


def parse_address(workspace: Workspace, said: str) -> Reference | None:
    """Parse a reference or a link; ``None`` when the text can only be a title.

    Raises:
        NotFound: It is a link that no account recognises.
    """
    said = said.strip()
    if _is_link(workspace, said):
        return _by_link(workspace, said)
    reference = parse(said)
    return reference if reference and reference.account in workspace.accounts else None


def _is_link(workspace: Workspace, said: str) -> bool:
    """Whether a text is a link, and not a reference to an account that has the name of a scheme."""
    found = _LINK.fullmatch(said)
    return found is not None and found["scheme"] not in workspace.accounts


async def resolve_message(workspace: Workspace, said: str) -> Reference:
    """Resolve a number, a reference or a link to the reference of a message.

    Raises:
        NotFound: There is no such number or account.
        InvalidArgument: It is none of the three.
    """
    said = said.strip().strip(_QUOTES)
    number = _NUMBER.fullmatch(said)
    if number:
        found = await (await workspace.store()).messages.locate(int(number[1]))
        # The account may belong to somebody else, or have been taken out of the settings.
        if found is None or found[0] not in workspace.accounts:
            raise NotFound(
                sentence("There is no message {}.", number[1]), hint="list_messages and search_messages show numbers."
            )
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
    lately = None if fresh else await _cached(workspace, said)
    if lately is not None:
        return lately
    found = await _find(workspace, said, None)
    if found.failures:
        # A title cannot be said to be unique while an account is silent.
        raise _with_advice(found.failures[0])
    return _only_one(workspace, said, found)


async def _find(workspace: Workspace, said: str, patience: float | None) -> FoundTitles:
    if not title_key(said):
        raise InvalidArgument("The conversation has no name.", hint="list_conversations shows references and titles.")
    return await find_titles(workspace, said, patience=patience)


def _with_advice(failure: DragomanError) -> DragomanError:
    failure.hint = join([failure.hint, safe("A reference such as account:id works without this account.")], " ")
    return failure


def _only_one(workspace: Workspace, said: str, found: FoundTitles) -> Conversation:
    if len(found.matches) == 1:
        (only,) = found.matches
        # Another account may have the title, too, which could not be asked.
        if not found.failures:
            TitleCache.of(workspace).put(said, Reference(only.account, only.id))
        return only
    if found.matches:
        raise InvalidArgument(
            sentence("{} conversations have this title: {}.", len(found.matches), listing(found.matches)),
            hint="Use one of the references.",
        )
    # It has the form of a reference, so the name of its account is rather what is wrong.
    foreign = parse(said.strip())
    if foreign is not None:
        workspace.account(foreign.account)
    if not found.others and not has_service(workspace):
        raise NotFound(sentence("No conversation is called {!r}.", said), hint=NOTHING_YET)
    hint = _spelling(workspace, said) or nearest(said, found.others)
    raise NotFound(sentence("No conversation is called {!r}.", said), hint=hint)


async def _cached(workspace: Workspace, said: str) -> Conversation | None:
    """The conversation that the title cache holds, if it still has the title."""
    reference = TitleCache.of(workspace).get(said)
    if reference is None:
        return None
    try:
        found = await workspace.load_conversation(reference, fresh=True)
    except NotFound:
        return None
    return found if title_key(display_title(found)) == title_key(said) or found.id == said.strip() else None


def _spelling(workspace: Workspace, said: str) -> Sentence:
    """A hint about the encoding of references, for a text that begins with the name of an account."""
    account, _, rest = said.strip().partition(":")
    if not rest.strip() or account not in workspace.accounts:
        return ""
    return "In a reference, white space of an id is written %20, and / is %2F."
