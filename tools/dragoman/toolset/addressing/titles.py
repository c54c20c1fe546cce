"""Finds the conversations that have a title, in all accounts at once, and caches what a title meant."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final
from weakref import WeakKeyDictionary

import anyio

from dragoman.accounts.account import Account
from dragoman.accounts.account_list import account_errors
from dragoman.accounts.workspace import Workspace
from dragoman.core.context.impersonation import acting_for
from dragoman.core.errors import DeadlineExceeded, DragomanError, Unavailable
from dragoman.core.model import Conversation
from dragoman.core.names import display_title, most_exact, title_key
from dragoman.core.references import Reference
from dragoman.core.safe_text import SafeText, join, safe, sentence
from dragoman.providers.base.provider import Capability, ConversationQuery
from dragoman.providers.kit.cache import TtlCache

_PAGES: Final = 5
_FRESH: Final = 60.0  # seconds
_MOST: Final = 200
_LONGEST: Final = 500  # characters of a title that is worth a place
_SHOWN: Final = 8
_log = logging.getLogger(__name__)


class TitleCache:
    """Caches which conversation a title meant, for a minute and for the same person.

    Resolving a title lists the conversations of every account, and an assistant names the same one in one call after
    the other. It still has to be looked up, to see whether it has the title.
    """

    # By workspace, not by process: another principal's workspace must not learn of its titles.
    _of: Final[WeakKeyDictionary[Workspace, TitleCache]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._references = TtlCache[tuple[str | None, str], Reference](_MOST, _FRESH)

    @classmethod
    def of(cls, workspace: Workspace) -> TitleCache:
        """The cache of a workspace."""
        return cls._of.setdefault(workspace, cls())

    @classmethod
    def clear(cls, workspace: Workspace) -> None:
        """Drop all titles: a conversation may have been created or renamed."""
        cls._of.pop(workspace, None)

    def get(self, title: str) -> Reference | None:
        """The conversation that a title meant within the last minute."""
        return self._references.get((acting_for.get(), title))

    def put(self, title: str, found: Reference) -> None:
        """Store which conversation a title means."""
        if len(title) <= _LONGEST:
            self._references.put((acting_for.get(), title), found)


@dataclass(slots=True)
class FoundTitles:
    """Conversations with a title, from all accounts.

    Attributes:
        matches: The conversations that are called so, or have it as their id.
        others: Further ones, for suggestions.
        failures: Why accounts could not answer.
    """

    matches: list[Conversation] = field(default_factory=list[Conversation])
    others: list[Conversation] = field(default_factory=list[Conversation])
    failures: list[DragomanError] = field(default_factory=list[DragomanError])


async def find_titles(workspace: Workspace, said: str, *, patience: float | None = None) -> FoundTitles:
    """Look for a title in every account that lists conversations.

    Args:
        workspace: The accounts.
        said: The title, or the id of a conversation.
        patience: Seconds that an account may take; ``None`` is as long as it takes.
    """
    found = FoundTitles()
    accounts = workspace.accounts_for(Capability.LIST_CONVERSATIONS)

    async def look(account: Account) -> None:
        try:
            with anyio.fail_after(patience):
                await _look(workspace, account, said, found)
        except DragomanError as error:
            found.failures.append(error)
        except TimeoutError:
            reason = sentence("The account did not answer within {:g} seconds.", patience or 0)
            found.failures.append(DeadlineExceeded(reason, account=account.name))
        except Exception:  # noqa: BLE001 - the boundary between accounts: a defect in one must not fail the others
            _log.exception("The account %s broke down.", account.name)
            found.failures.append(
                Unavailable("The account broke down.", hint="The server's log has the details.", account=account.name)
            )

    async with anyio.create_task_group() as group:
        for account in accounts:
            group.start_soon(look, account)
    # An id counts only where no title is called so: people choose titles, services choose ids.
    if not found.matches:
        found.matches = [one for one in found.others if one.id == said.strip()]
    found.matches = most_exact(found.matches, said)
    return found


def nearest(said: str, known: Sequence[Conversation]) -> SafeText:
    """A sentence with the conversations that are called nearly so."""
    by_title = {title_key(display_title(one)): one for one in known if display_title(one)}
    near = [by_title[title] for title in get_close_matches(title_key(said), by_title, n=3, cutoff=0.4)]
    if near:
        return sentence("Nearest: {}.", listing(near))
    return safe("list_conversations shows references and titles.")


def listing(conversations: Sequence[Conversation]) -> SafeText:
    """References and titles, the first few."""
    shown = [sentence("{} ({:60})", Reference(c.account, c.id), display_title(c)) for c in conversations[:_SHOWN]]
    return join([*shown, safe("...")] if len(conversations) > _SHOWN else shown)


async def _look(workspace: Workspace, account: Account, said: str, found: FoundTitles) -> None:
    with account_errors(account):
        provider = await account.provider()
        wanted = title_key(said)
        text = said.strip().lstrip("#").strip()
        near = await _listed(account, ConversationQuery(text=text, exact=True, limit=100))
        if not any(title_key(display_title(one)) == wanted for one in near) and not (
            provider.filters_exactly and found.matches
        ):
            # The service may compare letters in another way, and what it lists is suggested.
            near = [*near, *await _listed(account, ConversationQuery(limit=100))]
        named = await workspace.remember_conversations(account, near)
    for one in {one.id: one for one in named}.values():
        (found.matches if title_key(display_title(one)) == wanted else found.others).append(one)


async def _listed(account: Account, query: ConversationQuery) -> list[Conversation]:
    provider = await account.provider()
    found: list[Conversation] = []
    # A title far down a long list is found by typing its reference; asking on would block the call.
    for _ in range(_PAGES):
        page = await provider.list_conversations(query)
        found.extend(page.items)
        if page.cursor is None:
            break
        query = replace(query, cursor=page.cursor)
    return found
