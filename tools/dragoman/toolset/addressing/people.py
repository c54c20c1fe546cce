"""Author filters: who is meant by ``me``, and who is called nearly as it was typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dragoman.core.folding import fold
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Conversation
from dragoman.core.names import exactly, nearest_names
from dragoman.core.references import decode
from dragoman.core.safe_text import SafeText, Sentence, join, sentence

if TYPE_CHECKING:
    from dragoman.accounts.account import Account

ME: Final = "me"
_LINK: Final = "mailto"
_NEW_PERSON: Final = "to:"
_MENTION: Final = lazy_pattern(r"<@([^<>|\s]+)(?:\|[^<>]*)?>")


@dataclass(frozen=True, slots=True)
class AuthorFilter:
    """An author filter for one account.

    Attributes:
        asked: What its provider is given, which may let others pass as well.
        exact: What is applied to the messages that come.
        note: A sentence about what could not be understood.
    """

    asked: str | None
    exact: str | None
    note: Sentence = ""


ANYBODY: Final = AuthorFilter(None, None)
"""No filter was asked for."""


async def author_filter(account: Account, wanted: str) -> AuthorFilter:
    """Resolves an author filter for an account: ``me`` is the account's own identity."""
    named = _named_exactly(account.name, wanted)
    if named is not None:
        return AuthorFilter(named, f"<{named}>")
    if fold(wanted).strip().lstrip("@") != ME:
        return AuthorFilter(wanted, wanted)
    own = await (await account.provider()).own_author()
    if own is None:
        note = sentence("{} does not tell who you are, so me was taken for a name.", account.name)
        return AuthorFilter(wanted, wanted, note)
    # Services filter by an id most reliably; a name may be that of several people.
    return AuthorFilter(own.id or own.email or own.name, exactly(own))


def _named_exactly(account: str, wanted: str) -> str | None:
    """The id or address that a mention, a ``mailto:`` link or a reference to a person holds."""
    text = wanted.strip()
    mention = _MENTION.fullmatch(text)
    if mention is not None:
        return mention[1]
    scheme, colon, rest = text.partition(":")
    if not colon or any(map(str.isspace, rest)) or scheme.lower() not in (_LINK, account):
        return None
    person = rest if scheme.lower() == _LINK else decode(rest).removeprefix(_NEW_PERSON).removeprefix("@")
    return person or None


def nobody_note(wanted: str, conversation: Conversation, names: Iterable[str]) -> SafeText:
    """Says that an author filter fits nobody of a conversation, and the nearest names."""
    near = nearest_names(wanted, [*names, *conversation.participants])
    nobody = sentence("Nobody called {:60} wrote here.", wanted)
    return sentence("{} Nearest names: {}.", nobody, join(near)) if near else nobody
