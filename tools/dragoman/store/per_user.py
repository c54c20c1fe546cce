"""The store as one signed-in person sees it.

Several people share one file. What an account shows can depend on who asks; then everything about it is kept
under a key of that person's own, so that nobody finds what only another one was shown. Cursors
belong to whoever got them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from dragoman.core.model import Conversation, Message, SearchPage
from dragoman.core.queries import SearchQuery
from dragoman.store import Remember, Store

_OWNER: Final = "owner"
_BETWEEN: Final = "~"
"""Stands in no account's name, so that no key is the name of another account."""


class PersonalStore(Store):
    """A view of a store, for one person."""

    def __init__(self, whole: Store, owner: str, personal: Mapping[str, str]) -> None:
        """Share everything with the whole store.

        Args:
            whole: What is viewed.
            owner: The person; no two may have the same.
            personal: The accounts that show each person something else, and for whom each is asked.
        """
        vars(self).update(vars(whole))
        self._owner = owner
        self._keys = {name: f"{name}{_BETWEEN}{person}" for name, person in personal.items()}
        self._names = {key: name for name, key in self._keys.items()}

    async def number_messages(
        self, messages: Sequence[Message], remember: Remember = "full", *, account: str = ""
    ) -> list[Message]:
        """As the whole store, under the person's own keys."""
        if not account:
            messages = [replace(message, account=self._key(message.account)) for message in messages]
        seen = await super().number_messages(messages, remember, account=self._key(account))
        return [self._named(message) for message in seen]

    async def locate(self, number: int) -> tuple[str, str, str] | None:
        """Where the message of that number is, if the person may know of it."""
        found = await super().locate(number)
        name = None if found is None else self._name(found[0])
        return None if found is None or name is None else (name, *found[1:])

    async def search(self, account: str, query: SearchQuery) -> SearchPage:
        """Search what the person was shown of an account."""
        page = await super().search(self._key(account), query)
        return replace(page, items=[replace(hit, message=self._named(hit.message)) for hit in page.items])

    async def remember_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Keep what the person was told of conversations."""
        own = [replace(one, account=self._key(one.account)) for one in conversations]
        await super().remember_conversations(own)

    async def conversation(self, account: str, conversation: str) -> Conversation | None:
        """What the person was told of a conversation."""
        found = await super().conversation(self._key(account), conversation)
        return None if found is None else replace(found, account=account)

    async def conversations(self, account: str | None = None) -> list[Conversation]:
        """The conversations that the person was shown."""
        found = await super().conversations(None if account is None else self._key(account))
        named = [(self._name(one.account), one) for one in found]
        return [replace(one, account=name) for name, one in named if name is not None]

    async def keep_cursor(self, state: Mapping[str, object]) -> str:
        """A name for a state that nobody else can use."""
        return await super().keep_cursor({**state, _OWNER: self._owner})

    async def find_cursor(self, token: str) -> dict[str, object] | None:
        """The state of that name, if it is the person's own."""
        found = await super().find_cursor(token)
        return found if found is not None and found.get(_OWNER) == self._owner else None

    def _key(self, account: str) -> str:
        return self._keys.get(account, account)

    def _name(self, key: str) -> str | None:
        """The account behind a key; ``None`` when it is not for this person."""
        if key in self._names:
            return self._names[key]
        return None if _BETWEEN in key or key in self._keys else key

    def _named(self, message: Message) -> Message:
        name = self._names.get(message.account)
        return message if name is None else replace(message, account=name)
