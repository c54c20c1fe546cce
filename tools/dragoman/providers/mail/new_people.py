"""People whom a mail can be written to, found by name or address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dragoman.core.errors import DragomanError
from dragoman.core.folding import fold
from dragoman.core.mail import Address
from dragoman.core.model import Conversation
from dragoman.providers.mail.addresses import NewMail
from dragoman.providers.mail.heads import MailHead
from dragoman.providers.mail.people import Owner, full_name_of
from dragoman.providers.mail.recipients import new_conversation

_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class FoundConversation:
    """A thread, and those of its people who were looked for."""

    conversation: Conversation
    people: tuple[Address, ...]


def fitting_people(text: str, heads: Iterable[MailHead], owner: Owner) -> tuple[Address, ...]:
    """Those of the people of some mails whose name or address has all the words of a text; never the owner."""
    words, found = fold(text).split(), dict[str, Address]()
    for head in heads:
        for address in owner.people_of(head.headers):
            if not owner.is_own(address.email) and all(word in fold(full_name_of(address)) for word in words):
                found.setdefault(address.email.lower(), address)
    return tuple(found.values())[:_MOST]


def people_to_write_to(text: str, people: Iterable[Sequence[Address]], owner: Owner) -> list[Conversation]:
    """Conversations that a new mail would begin.

    Args:
        text: What was looked for; an address counts although nobody in the mailbox has it.
        people: Those who fit it, by thread.
        owner: Whose mailbox it is.
    """
    found: dict[str, Address] = {}
    for address in (one for some in people for one in some):
        known = found.get(address.email.lower())
        if known is None or not known.name:
            found[address.email.lower()] = address
    fitting, typed = list(found.values()), text.strip()
    if "@" in typed and typed.lower() not in found:
        fitting.append(Address("", typed))
    begun = [_conversation(one, owner) for one in fitting[:_MOST]]
    return [one for one in begun if one is not None]


def _conversation(address: Address, owner: Owner) -> Conversation | None:
    try:
        found = new_conversation(NewMail((address.email,)).conversation, owner)
    except DragomanError:
        return None  # what is no address, nobody can be written to at
    return replace(found, participants=(full_name_of(address),))
