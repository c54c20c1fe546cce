"""Filters updates by unread messages or by mentions of the user, as far as an account tells."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

from dragoman.accounts.account import Account
from dragoman.core.folding import fold
from dragoman.core.model import Author, Message
from dragoman.core.safe_text import SafeText, sentence
from dragoman.sync import AccountUpdates, Update
from dragoman.toolset.paging.filters import UNREAD


class UpdateFilter:
    """``unread``, ``mentions`` or everything."""

    def __init__(self, only: Literal["unread", "mentions"] | None) -> None:
        """Keep what is wanted."""
        self._only = only

    async def choose(self, account: Account, news: AccountUpdates) -> tuple[list[Update], SafeText | None]:
        """The wanted news of an account, and a sentence where it does not tell which those are."""
        if self._only is None or not news.items:
            return news.items, None
        if self._only == "unread":
            return _unread(account, news)
        own = await (await account.provider()).own_author()
        if own is None:
            return [], sentence("{} does not tell who you are, so nothing of it counts as a mention.", account.name)
        return [one for one in news.items if names(one.message, own)], None


def names(message: Message, own: Author) -> bool:
    """Whether the text mentions the user by ``@`` and name, id or address."""
    text = fold(message.text)
    called = (fold(name).strip().lstrip("@") for name in (own.name, own.id, own.email or "") if name)
    return not message.author.own and any(f"@{name}" in text for name in called if name)


def _unread(account: Account, news: AccountUpdates) -> tuple[list[Update], SafeText | None]:
    groups: dict[str, list[Update]] = defaultdict(list)
    for one in news.items:
        groups[one.message.conversation].append(one)
    found: list[Update] = []
    told = False
    for id_, group in groups.items():
        conversation = news.conversations.get(id_)
        labelled = [one for one in group if UNREAD in {fold(label) for label in one.message.labels}]
        count = conversation.unread if conversation else None
        told = told or bool(labelled) or count is not None
        others = [one for one in group if not one.message.author.own]
        found += labelled or (others[-count:] if count else [])
    note = None if told else sentence("{} does not tell what is unread, so nothing of it is shown.", account.name)
    return found, note
