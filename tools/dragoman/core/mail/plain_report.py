"""Bounces in plain words, as qmail and Exim write them: whose mail came back, and for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dragoman.core.mail.headers import Headers

SYSTEM: Final = frozenset({"mailer-daemon", "postmaster"})
"""Local parts of addresses from which mail systems write."""

_COPY: Final = re.compile(r"^-{3,}.*\bcopy of (?:the|your) message.*$", re.IGNORECASE | re.MULTILINE)
_RETURNED: Final = re.compile(r"^Message-ID:\s*<([^<>\s]+)>", re.IGNORECASE | re.MULTILINE)
_RECIPIENT: Final = re.compile(r"\s*<?([^\s<>@:]+@[^\s<>@:]+)>?:?\s*")
_ANSWER: Final = re.compile(r"(?<![\d.])[45]\d\d[ -].*")
_LINES: Final = 500
_WITHIN: Final = 20_000  # characters of the head of a returned mail


def may_be_plain_report(headers: Headers, media_type: str, author: str) -> bool:
    """Whether a mail with such a head may return another one, which only its text tells."""
    if media_type != "text/plain" or author.partition("@")[0].lower() not in SYSTEM:
        return False
    return not headers.names & {"in-reply-to", "references"}


def returned_id(text: str) -> str:
    """The message id of the mail that a bounce returns below its words; empty when it returns none."""
    copy = _COPY.search(text)
    found = None if copy is None else _RETURNED.search(text, copy.end(), copy.end() + _WITHIN)
    return "" if found is None else found[1]


def failed_recipients(headers: Headers, text: str) -> list[tuple[str, str]]:
    """The addresses that a bounce names, each with what the server of its owner said."""
    copy = _COPY.search(text)
    found = dict(_recipients(text[: copy.start() if copy else 0].split("\n")[:_LINES]))
    told = [one.email for one in headers.addresses("x-failed-recipients") if one.email]
    return [(one, found.get(one, "")) for one in told] if told else list(found.items())


def _recipients(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Lines that hold an address alone, and the words below each."""
    for place, line in enumerate(lines):
        recipient = _RECIPIENT.fullmatch(line)
        if recipient is not None:
            words = " ".join(one.strip() for one in _words_below(lines, place))
            answer = _ANSWER.search(words)
            yield recipient[1], words if answer is None else answer[0]


def _words_below(lines: list[str], place: int) -> Iterator[str]:
    for line in lines[place + 1 :]:
        if not line.strip() or _RECIPIENT.fullmatch(line):
            return
        yield line
