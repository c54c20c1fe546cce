"""Who takes part in mails, and who of them is the owner of the mailbox."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from dragoman.core.mail import Address, Headers
from dragoman.providers.mail.settings import MailSettings

_FIELDS: Final = ("from", "to", "cc")
MOST: Final = 100
"""Addresses of a header field that are looked at."""


class Owner:
    """Whose mailbox it is.

    Args:
        settings: Of the account.
    """

    def __init__(self, settings: MailSettings) -> None:
        self.settings = settings
        self._addresses = frozenset(plain_address(one) for one in settings.own_addresses)
        self._domains = frozenset(one.rpartition("@")[2] for one in self._addresses)

    def is_own(self, email: str) -> bool:
        """Whether an address is one of the owner's."""
        return plain_address(email) in self._addresses

    def is_external(self, email: str) -> bool:
        """Whether an address belongs to another organisation."""
        return plain_address(email).rpartition("@")[2] not in self._domains

    def people_of(self, headers: Headers) -> Iterator[Address]:
        """Those who wrote a mail or got it."""
        for name in _FIELDS:
            yield from (one for one in headers.addresses(name)[:MOST] if one.email)


def borrowed_names(addresses: Iterable[Address], owner: Owner) -> frozenset[str]:
    """Names that several addresses have, or that are the owner's name at another address, in small letters."""
    users: dict[str, set[str]] = {owner.settings.name.casefold(): {""}} if owner.settings.name else {}
    for name, email in {(one.name, one.email) for one in addresses}:
        users.setdefault(name.casefold(), set()).add("" if owner.is_own(email) else plain_address(email))
    return frozenset(name for name, emails in users.items() if name and len(emails) > 1)


def plain_address(email: str) -> str:
    """An address as addresses are compared: in small letters, without what follows a plus."""
    local, _, domain = email.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def name_of(address: Address) -> str:
    """What a person is called."""
    return address.name or address.email or "unknown"


def shown_name_of(address: Address, borrowed: Collection[str] = ()) -> str:
    """What a person is called; with the address where the name looks like another one, or is another one's."""
    return full_name_of(address) if "@" in address.name or address.name.casefold() in borrowed else name_of(address)


def full_name_of(address: Address) -> str:
    """Name and address."""
    return f"{address.name} <{address.email}>" if address.name and address.email else address.name or address.email
