"""Mails that come within a mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dragoman.core.mail.message import Mail, read_mail
from dragoman.core.mail.parts import Part

_MOST: Final = 20


def forwarded_text(mail: Mail) -> str:
    """What the mails say that come within a mail, each line marked as quoted; empty when there are none.

    A report returns the mail that it is about, which says nothing new.
    """
    if mail.body.is_report:
        return ""
    return "\n\n".join(_quoted(part) for part in list(_inner(mail.root))[:_MOST])


def _inner(part: Part) -> Iterator[Part]:
    if part.media_type == "message/rfc822":
        yield part
    for one in part.parts:
        yield from _inner(one)


def _quoted(part: Part) -> str:
    inner = read_mail(part.content.splitlines(keepends=True))
    author = inner.author
    lines = [f"From: {author.name} <{author.email}>" if author.name else f"From: {author.email}"]
    lines += [f"Subject: {inner.subject}", "", *inner.text.split("\n")]
    return "\n".join(f"> {line}".rstrip() for line in lines)
