"""Whom an answer goes to, and as whom it is written: a reply to all, as people expect it in a thread."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from dragoman.core.errors import InvalidArgument
from dragoman.core.mail import Address, Headers
from dragoman.core.model import Audience, Conversation, ConversationKind
from dragoman.core.safe_text import SafeText, join, safe, sentence
from dragoman.providers.mail.addresses import (
    MOST_RECIPIENTS,
    NewMail,
    answerable_address,
    parse_new_conversation,
    sendable_address,
    too_many_recipients,
)
from dragoman.providers.mail.people import Owner, full_name_of, plain_address

# Local parts that programs and lists send from. Nobody reads an answer there.
_UNANSWERED: Final = re.compile(
    r"(?:no|do|dont|not|never)[-_.]*(?:not)?[-_.]*repl(?:y|ies)(?:[-_.+].*)?|mailer-daemon|owner-.*|.*-(?:bounces?|owner)"
    r"|bounces?(?:[-_.+].*)?",
    re.IGNORECASE,
)
_MAILTO: Final = re.compile(r"<mailto:([^<>?\s]++)[^<>]*+>", re.IGNORECASE)
_NO: Final = re.compile(r"\s*NO\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """Whom a mail goes to.

    Attributes:
        sender: One of the owner's own addresses.
        to: Those whom it speaks to.
        cc: Those who get it as well.
    """

    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()

    @property
    def everyone(self) -> tuple[Address, ...]:
        """All that it goes to."""
        return (*self.to, *self.cc)


def new_conversation(conversation: str, owner: Owner) -> Conversation:
    """The people whom a new mail would go to, as a conversation that has no mail yet."""
    new = parse_new_conversation(conversation)
    everyone = (*new.to, *new.cc)
    return Conversation(
        id=conversation,
        title=", ".join(everyone[:3]) + (f" and {len(everyone) - 3} more" if len(everyone) > 3 else ""),  # noqa: PLR2004  # a title is short
        kind=ConversationKind.MAIL,
        participants=everyone,
        members=len(everyone),
        external=tuple(one for one in everyone if owner.is_external(one)),
        messages=0,
    )


def audience_of(
    where: Conversation, recipients: Recipients, owner: Owner, below: str, reasons: tuple[SafeText, ...]
) -> Audience:
    """Everybody whom a mail goes to, who of them is outside of the organisation, and what stands below the text."""
    everyone = recipients.everyone
    outside = tuple(full_name_of(one) for one in everyone if owner.is_external(one.email))
    return Audience(
        conversation=replace(where, members=len(everyone), external=outside),
        receivers=tuple(full_name_of(one) for one in recipients.to),
        copied=tuple(full_name_of(one) for one in recipients.cc),
        below=below,
        reasons=reasons,
    )


def recipients_of_new(new: NewMail, owner: Owner) -> Recipients:
    """Whom a new mail goes to. One's own address is left in: somebody may write to oneself."""
    return Recipients(
        sender=_own(owner, ()),
        to=tuple(Address("", one) for one in new.to),
        cc=tuple(Address("", one) for one in new.cc if one not in new.to),
    )


def recipients_of_reply(headers: Headers, owner: Owner) -> Recipients:
    """Whom an answer to a mail goes to.

    Args:
        headers: Of the mail that is answered.
        owner: Whose mailbox it is.

    Raises:
        InvalidArgument: Nobody is left who could be answered, or there are too many.
    """
    if len(headers.addresses("to")) + len(headers.addresses("cc")) > MOST_RECIPIENTS:
        raise too_many_recipients()
    author = headers.addresses("from")
    is_own = any(owner.is_own(one.email) for one in author)
    to, cc = _of_own(headers) if is_own else _of_others(headers, author, owner)
    taken: set[str] = set()
    left_to, left_cc = _left(to, owner, taken), _left(cc, owner, taken)
    if not left_to:
        left_to, left_cc = left_cc, ()
    if not left_to:
        raise _nobody_left(headers)
    if len(left_to) + len(left_cc) > MOST_RECIPIENTS:
        raise too_many_recipients()
    return Recipients(sender=_sender(headers, owner, author if is_own else ()), to=left_to, cc=left_cc)


def _of_own(headers: Headers) -> tuple[Sequence[Address], Sequence[Address]]:
    """An own mail is continued with those that it went to."""
    return headers.addresses("to"), headers.addresses("cc")


def _of_others(
    headers: Headers, author: Sequence[Address], owner: Owner
) -> tuple[Sequence[Address], Sequence[Address]]:
    """Where the author wants answers. A field that names nobody else counts for nothing, or nobody would be told."""
    # Mail-Followup-To is no standard, but programs for mailing lists set it to name all who want answers.
    followers, wanted = headers.addresses("mail-followup-to"), headers.addresses("reply-to")
    if _names_somebody(followers, owner):
        return followers, []
    to = wanted if _names_somebody(wanted, owner) else author
    return to, [*headers.addresses("to"), *headers.addresses("cc"), *_list_address(headers)]


def _names_somebody(addresses: Iterable[Address], owner: Owner) -> bool:
    """Whether mail could go to one of some addresses that is not the owner's."""
    return any(_sendable(one) and not owner.is_own(one.email) for one in addresses)


def _sendable(address: Address) -> str:
    """The address as servers take it; empty when they would not."""
    try:
        return answerable_address(address.email)
    except InvalidArgument:
        return ""


def _list_address(headers: Headers) -> list[Address]:
    """Where a mailing list takes mails; it may forbid that with NO."""
    value = headers.raw("list-post")
    found = None if _NO.match(value) else _MAILTO.search(value)
    return [Address("", unquote(found[1]))] if found else []


def _left(addresses: Iterable[Address], owner: Owner, taken: set[str]) -> tuple[Address, ...]:
    """Those who are really written to: nobody twice, not oneself, no group, nobody who reads no answers."""
    left: list[Address] = []
    for one in addresses:
        email = _sendable(one)
        plain = email.casefold()
        if not email or plain in taken or owner.is_own(email) or _UNANSWERED.fullmatch(email.partition("@")[0]):
            continue
        taken.add(plain)
        left.append(Address(one.name, email))
    return tuple(left)


def _sender(headers: Headers, owner: Owner, author: Iterable[Address]) -> Address:
    """The own address that the answered mail knows, so that the answer comes from where it was written to."""
    fields = ("to", "cc", "delivered-to", "x-original-to")
    return _own(owner, [*author, *(one for name in fields for one in headers.addresses(name))])


def _own(owner: Owner, addressed: Iterable[Address]) -> Address:
    own = {plain_address(one): one for one in reversed(owner.settings.own_addresses)}
    found = next((own[plain] for one in addressed if (plain := plain_address(one.email)) in own), None)
    return Address(owner.settings.name, sendable_address(found or owner.settings.address))


def _nobody_left(headers: Headers) -> InvalidArgument:
    named = [one.email for one in (*headers.addresses("reply-to"), *headers.addresses("from")) if one.email]
    who = join(named[:3]) if named else safe("a mail without an author")
    return InvalidArgument(
        sentence("Nobody is left to answer: {} takes no answers or is yourself.", who),
        hint="Write a new mail to an address, as in to:ann@example.com.",
    )
