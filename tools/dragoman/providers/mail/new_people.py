"""People whom a mail can be written to, found by name or address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
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


def people_to_write_to(text: str, threads: Iterable[Sequence[MailHead]], owner: Owner) -> list[Conversation]:
    """Conversations that a new mail would begin, with those whose name or address has all the words.

    Args:
        text: What is looked for; an address counts although nobody in the mailbox has it.
        threads: In whose mails people are looked for.
        owner: Whose mailbox it is.
    """
    words = fold(text).split()
    found: dict[str, Address] = {}
    for head in (head for members in threads for head in members):
        for address in owner.people_of(head.headers):
            known = found.get(address.email.lower())
            if not owner.is_own(address.email) and (known is None or not known.name):
                found[address.email.lower()] = address
    fitting = [one for one in found.values() if all(word in fold(full_name_of(one)) for word in words)]
    typed = text.strip()
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
