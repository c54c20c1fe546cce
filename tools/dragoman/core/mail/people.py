"""Who wrote a mail, and what kind of author that is."""

from __future__ import annotations

import re
from typing import Final

from dragoman.core.mail.headers import Address, Headers
from dragoman.core.mail.plain_report import SYSTEM
from dragoman.core.model import AuthorKind

_VIA: Final = re.compile(r"^(.{1,200}?)\s+(?:via|über|por|par)\s+\S", re.IGNORECASE)
_LIST_ID: Final = re.compile(r"<([^<>]+)>")
_BULK: Final = frozenset({"bulk", "junk", "auto_reply"})
_NO_REPLY: Final = re.compile(r"(?:no|do[-_.]?not|donot)[-_.]?reply", re.IGNORECASE)
_TELLING: Final = frozenset({"return-path", "auto-submitted", "precedence", "list-unsubscribe"})
"""Fields of which most mails of people have none."""

_NOBODY: Final = Address("", "")


def author_of(headers: Headers) -> Address:
    """Who wrote the mail; of a list that writes its own address into From, the person behind it."""
    author = next(iter(headers.addresses("from")), _NOBODY)
    via = _VIA.match(author.name)
    if via is not None:
        before = via[1].strip("'\"")
        for name in ("x-original-from", "x-google-original-from"):
            original = next(iter(headers.addresses(name)), None)
            if original is not None and original.email:
                return Address(original.name or before, original.email)
        reply = next((one for one in headers.addresses("reply-to") if one.name == before), None)
        if reply is not None:
            return reply
    if author.email or author.name:
        return author
    others = (*headers.addresses("sender"), *headers.addresses("return-path"))
    return next((one for one in others if one.email), _NOBODY)


def kind_of(headers: Headers, author: Address, *, is_report: bool) -> AuthorKind:
    """Whether a person, a program, or the mail system itself wrote the mail."""
    local = author.email.partition("@")[0].lower()
    if not is_report and headers.names.isdisjoint(_TELLING) and local not in SYSTEM:
        return AuthorKind.BOT if _NO_REPLY.search(local) else AuthorKind.PERSON
    # The empty return path is that of reports (RFC 5321, 4.5.5).
    if is_report or local in SYSTEM or headers.raw("return-path").strip() == "<>":
        return AuthorKind.SYSTEM
    automatic = headers.raw("auto-submitted").partition(";")[0].strip().lower()
    bulk = headers.raw("precedence").strip().lower() in _BULK
    # A list to which nobody can write is a newsletter.
    advertises = bool(headers.raw("list-unsubscribe")) and not headers.raw("list-post")
    if automatic not in ("", "no") or bulk or advertises or _NO_REPLY.search(local):
        return AuthorKind.BOT
    return AuthorKind.PERSON


def list_of(headers: Headers) -> str:
    """The id of the mailing list that the mail came by; empty when there is none."""
    value = headers.raw("list-id")
    found = _LIST_ID.search(value)
    return (found[1] if found else value).strip().lower()
