"""Mails that lie in several folders: one mail with all its places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dragoman.providers.mail.heads import MailHead


def without_copies(heads: Iterable[MailHead]) -> list[MailHead]:
    """Each mail once, oldest first. Different mails under one id are told apart by a number behind the id."""
    found: dict[str, MailHead] = {}
    for head in sorted(heads, key=lambda one: one.place):
        name, number = head.id, 1
        while (other := found.get(name)) is not None and not _is_same(other, head):
            number += 1
            name = f"{head.id}~{number}"
        if other is not None:
            found[name] = _join(other, head)
        else:
            found[name] = head if name == head.id else replace(head, id=name)
    return sorted(found.values(), key=lambda one: one.order)


def _is_same(one: MailHead, other: MailHead) -> bool:
    """Whether two heads of one id are copies of one mail, and not two mails of a mailer that repeats its ids."""
    fields = ("from", "date", "subject")
    return all(one.headers.raw(name).split() == other.headers.raw(name).split() for name in fields)


def _join(one: MailHead, other: MailHead) -> MailHead:
    """A mail that lies in two places, with the labels of both."""
    if other.place == one.place or other.place in one.copies:
        return one
    flags = (one.flags | other.flags) - ({"\\Seen"} if one.is_unread or other.is_unread else set())
    copies = (*one.copies, other.place)
    return replace(one, flags=flags, copies=copies, labels=tuple(dict.fromkeys((*one.labels, *other.labels))))
