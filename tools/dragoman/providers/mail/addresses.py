"""Mail addresses as they are written to: checked, and as the id of a conversation that begins with a new mail.

``to:ann@example.com,bob@example.org;cc.carol@example.net`` is the id of the conversation that a mail to these three
begins. Ids of threads begin otherwise, so none can be taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.safe_text import sentence

MOST_RECIPIENTS: Final = 100
"""More than that is no conversation, and nobody who is asked could look through them."""

_NEW: Final = "to:"
_CC: Final = "cc."
_MAILTO: Final = "mailto:"
_LONGEST_ID: Final = 12_000
_ADDRESS: Final = re.compile(  # a local part that needs no quotes, and a host
    r"(?P<local>[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f]{1,64})@(?P<host>[^\s@<>()\[\]\\,;:\"/\x00-\x20\x7f]{1,253})"
)
_RARE: Final = re.compile(  # in mails of others: a local part in quotes, or a number in place of a host
    r'"(?:[ !#-;=?-\[\]-~]|\\[!-;=?-~]){1,62}"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}'
    r"|[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@\[(?:IPv6:)?[0-9A-Fa-f:.]{2,45}\]"
)
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class NewMail:
    """Whom a new mail goes to."""

    to: tuple[str, ...]
    cc: tuple[str, ...] = ()

    @property
    def conversation(self) -> str:
        """The id of the conversation that it begins."""
        return f"{_NEW}{','.join(self.to)}" + (f";{_CC}{','.join(self.cc)}" if self.cc else "")


def is_new(conversation: str) -> bool:
    """Whether an id is that of a conversation which a new mail begins."""
    return conversation.startswith(_NEW)


def parse_new_conversation(conversation: str) -> NewMail:
    """The addresses in the id of a conversation that a new mail begins.

    Raises:
        NotFound: It is no such id.
        InvalidArgument: It holds something that is no address, or too many.
    """
    if not is_new(conversation):
        raise NotFound("There is no such thread in the mailbox.", hint="list_conversations shows those that there are.")
    if len(conversation) > _LONGEST_ID:
        raise too_many_recipients()
    to, _, rest = conversation.removeprefix(_NEW).partition(";")
    if rest and not rest.startswith(_CC):
        raise InvalidArgument(sentence("{} is no list of addresses.", rest), hint="Write ;cc.ADDRESS,ADDRESS.")
    new = NewMail(tuple(_addresses(to)), tuple(_addresses(rest.removeprefix(_CC))))
    if not new.to:
        raise InvalidArgument("A new mail needs somebody to go to.", hint="Write to:ann@example.com.")
    if len(new.to) + len(new.cc) > MOST_RECIPIENTS:
        raise too_many_recipients()
    return new


def parse_mailto(link: str) -> str | None:
    """The id of the conversation that a ``mailto:`` link begins; ``None`` for every other link.

    Of its fields only ``to`` and ``cc`` are taken: a link must not write the text of a mail, or hide a recipient.
    """
    if link[: len(_MAILTO)].lower() != _MAILTO:
        return None
    try:
        parts = urlsplit(link)
        fields = parse_qsl(parts.query, max_num_fields=20)
    except ValueError:
        return None
    to = [unquote(one) for one in parts.path.split(",")] + _of_field(fields, "to")
    try:
        return NewMail(tuple(_checked(to)), tuple(_checked(_of_field(fields, "cc")))).conversation
    except InvalidArgument:
        return None


def sendable_address(address: str) -> str:
    """An address in the form that servers take: with its host in ASCII.

    Raises:
        InvalidArgument: It is none.
    """
    found = _ADDRESS.fullmatch(address.strip())
    host = _ascii_host(found["host"]) if found else ""
    if found is None or not host or found["local"].startswith(".") or ".." in found["local"]:
        raise InvalidArgument(sentence("{!r} is no mail address.", address), hint="Write it as in ann@example.com.")
    return f"{found['local']}@{host}"


def answerable_address(address: str) -> str:
    """The same for an address that somebody writes from, which may be of a rarer kind.

    Raises:
        InvalidArgument: It is none.
    """
    return address.strip() if _RARE.fullmatch(address.strip()) else sendable_address(address)


def matches_entry(address: str, entry: str) -> bool:
    """Whether an entry of ``write_to`` names an address: the address itself, ``to:ADDRESS``, or ``*@DOMAIN``."""
    wanted, named = address.casefold(), entry.strip().removeprefix(_NEW).casefold()
    if named.startswith("*@"):
        return wanted.rpartition("@")[2] == (_ascii_host(named[2:]) or named[2:])
    try:
        return sendable_address(named) == sendable_address(wanted)
    except InvalidArgument:
        return False


def names_people(entry: str) -> bool:
    """Whether an entry of ``write_to`` is an address or a whole domain."""
    named = entry.strip().removeprefix(_NEW).removeprefix("*@")
    return entry.count("@") == 1 and (_ADDRESS.fullmatch(named) is not None or bool(_ascii_host(named)))


def too_many_recipients() -> InvalidArgument:
    """More recipients than one mail goes to."""
    return InvalidArgument(
        sentence("This would go to more than {} people.", MOST_RECIPIENTS),
        hint="Write to a mailing list, or to fewer people.",
    )


def _addresses(text: str) -> list[str]:
    return _checked(text.split(",")) if text else []


def _checked(addresses: Iterable[str]) -> list[str]:
    """Addresses in the form that servers take, each once."""
    found = {sendable_address(one).casefold(): sendable_address(one) for one in addresses if one.strip()}
    return list(found.values())


def _of_field(fields: Sequence[tuple[str, str]], name: str) -> list[str]:
    return [one for key, value in fields if key.lower() == name for one in value.split(",")]


def _ascii_host(host: str) -> str:
    """A host in ASCII; empty when it is none."""
    if not host.isascii():
        import idna  # noqa: PLC0415  # slow to import, and needed by few

        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            return ""
    lower = host.lower()
    return lower if _HOST.fullmatch(lower) else ""
