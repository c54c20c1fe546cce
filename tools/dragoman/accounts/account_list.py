"""Accounts by name, and the store that numbers and remembers what they return.

A command that only looks something up has such a list of what the store holds; it imports no provider.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.core.errors import DragomanError, NotFound, UnsupportedOperation
from dragoman.core.model import Conversation, Message
from dragoman.core.references import Reference
from dragoman.core.safe_text import join, safe, sentence, unquoted
from dragoman.providers.base.capability import Capability

if TYPE_CHECKING:
    from dragoman.accounts.account import Account
    from dragoman.store import Store


class AccountList:
    """All accounts. :class:`~dragoman.accounts.workspace.Workspace` opens them for a server.

    Attributes:
        accounts: By name, in the order of the settings.
    """

    def __init__(self, accounts: Mapping[str, Account], store: Callable[[], Awaitable[Store]]) -> None:
        """Take accounts, and how to get their store, which may be opened for that."""
        self.accounts = accounts
        self._open_store = store

    async def store(self) -> Store:
        """The store."""
        return await self._open_store()

    def account(self, name: str) -> Account:
        """The account of that name.

        Raises:
            NotFound: There is none; the sentence names those that are.
        """
        # Models write names as they stand in a sentence, with a capital or a blank.
        found = self.accounts.get(name) or self.accounts.get(name.strip().lower())
        if found is not None:
            return found
        raise NotFound(
            sentence("There is no account {!r}.", name),
            hint=sentence("Accounts: {}.", join(self.accounts) or safe("none")),
        )

    def accounts_for(self, capability: Capability, name: str | None = None) -> list[Account]:
        """The accounts that offer a capability: all of them, or the named one.

        Raises:
            NotFound: There is no account of that name.
            UnsupportedOperation: The named account, or every account, cannot do it; the sentence says who can.
        """
        offering = [account for account in self.accounts.values() if account.supports(capability)]
        if name is None:
            asked = offering
        else:
            account = self.account(name)
            asked = [account] if account in offering else []
        if not asked:
            raise self._nobody(capability, name, offering)
        return asked

    async def number_messages(
        self, account: Account, messages: Sequence[Message], *, storable: bool = True
    ) -> list[Message]:
        """Give messages their account and numbers, remember them unless they are not ``storable``, drop tombstones."""
        store = await self.store()
        # Excerpts of a search must not replace whole texts in the store.
        remember = account.settings.remember if storable else "off"
        seen = await store.messages.number(messages, remember, account=account.name)
        # The store has forgotten their texts by now, and nobody is to see them.
        return [message for message in seen if message.deleted_at is None]

    async def remember_conversations(
        self, account: Account, conversations: Iterable[Conversation]
    ) -> list[Conversation]:
        """Give conversations their account and remember their titles."""
        named = [replace(conversation, account=account.name) for conversation in conversations]
        if account.settings.remember == "full":
            await (await self.store()).messages.remember_conversations(named)
        return named

    async def load_conversation(self, reference: Reference, *, fresh: bool = False) -> Conversation:
        """Load a conversation from the store, or else from its service.

        Args:
            reference: Its address.
            fresh: Ask the service in any case.
        """
        account, id_ = self.account(reference.account), reference.conversation
        # Titles change rarely, and asking takes as long as reading the messages.
        if account.settings.remember == "full" and not fresh:
            known = await (await self.store()).messages.conversation(account.name, id_)
            if known is not None:
                return known
        with account_errors(account):
            conversation = await (await account.provider()).get_conversation(id_)
        (named,) = await self.remember_conversations(account, [conversation])
        return named

    def _nobody(self, capability: Capability, name: str | None, offering: list[Account]) -> UnsupportedOperation:
        what = unquoted(capability.value.replace("_", " "))
        who = sentence("Accounts that can: {}.", join(a.name for a in offering)) if offering else "No account can."
        if name is not None and capability in self.account(name).capabilities:
            off = self.account(name).settings.write == "off"
            hint = (
                'serve without --read-only and set write = "confirm"'
                if off
                else "put its conversations into write_to, which is empty,"
            )
            return UnsupportedOperation(
                "The settings of this account allow no writing.",
                hint=sentence("To allow it, {} in [accounts.{}].", safe(hint), name),
                account=name,
            )
        if name is not None:
            return UnsupportedOperation(sentence("This account cannot {}.", what), hint=who, account=name)
        return UnsupportedOperation(
            sentence("No account can {}.", what), hint="The settings decide which accounts there are."
        )


@contextmanager
def account_errors(account: Account) -> Generator[None]:
    """Put the account's name on errors that pass, unless a nearer place has."""
    try:
        yield
    except DragomanError as error:
        error.account = error.account or account.name
        raise
