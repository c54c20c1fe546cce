"""The detail lines of ``get_message``: one fact each, ``-- `` in column 0, foreign text on one line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Attachment, Author, Citation, Edit, Message, Reaction
from dragoman.core.sanitize import clean_line
from dragoman.core.times import format_minute
from dragoman.rendering.budget.fitting import TokenShares
from dragoman.rendering.budget.token_estimate import clip, measure, one_line
from dragoman.rendering.content.message_facts import (
    Edited,
    Extra,
    Label,
    Link,
    MessageFact,
    Replies,
    Status,
    message_facts,
    shown_by_mark,
)
from dragoman.rendering.plain.lines import size

_SHORT: Final = 120
_LONG: Final = 2000
_CHARACTERS_PER_TOKEN: Final = 12


class Details:
    """The lines about one message, as many as fit on a page."""

    def __init__(self, message: Message, zone: tzinfo) -> None:
        """Take a message; nothing is written yet."""
        self._message = message
        self._facts = message_facts(message)
        self._zone = zone

    def page(self, seen: int, tokens: float, shares: TokenShares, least: int) -> tuple[list[str], int | None]:
        """The lines that fit.

        Args:
            seen: Facts that earlier pages have shown.
            tokens: What the lines may cost.
            shares: Limits of the parts of a line.
            least: Facts to show in any case, so that paging goes on.

        Returns:
            The lines, and the index of the first fact that is left out, ``None`` for all.
        """
        lines: list[str] = []
        for index in range(seen, len(self._facts)):
            fact = self._facts[index]
            text = self._write(fact, shares)
            # Labels share a line.
            joins = isinstance(fact, Label) and index > seen and isinstance(self._facts[index - 1], Label)
            tokens -= measure(f", {text}\n" if joins else f"{text}\n") if text else 0
            if tokens < 0 and index >= seen + least:
                return lines, index
            if joins:
                lines[-1] += f", {text}"
            elif text:
                lines.append(f"-- labels: {text}" if isinstance(fact, Label) else text)
        return lines, None

    def _write(self, fact: MessageFact, shares: TokenShares) -> str:
        """The line of a fact, empty when the line of the message says it all."""
        if isinstance(fact, Author):
            return _author(fact, shares)
        if isinstance(fact, Attachment):
            return _file(fact, shares)
        if isinstance(fact, Reaction):
            return "" if shown_by_mark(self._message, fact) else _reaction(fact, shares)
        if isinstance(fact, Edit):
            when = f" {format_minute(fact.at, self._zone)}" if fact.at else ""
            return f"-- earlier text{when}: {_passage(fact.text, shares)}"
        if isinstance(fact, Citation):
            return _source(fact, shares)
        return self._say_small(fact, shares)

    def _say_small(self, fact: Link | Label | Status | Replies | Edited | Extra, shares: TokenShares) -> str:
        if isinstance(fact, Label):
            return _short(fact.name, shares) or '""'
        if isinstance(fact, Link):
            return f"-- link: {_long(fact.url, shares)}"
        if isinstance(fact, Status):
            return f"-- status: {_short(fact.name, shares)}"
        if isinstance(fact, Replies):
            return f"-- replies: {fact.number}"
        if isinstance(fact, Edited):
            return f"-- edited: {format_minute(fact.at, self._zone)}"
        value = fact.value
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        return f"-- extra {_short(fact.key, shares)}: {_passage(text, shares)}"


def _author(author: Author, shares: TokenShares) -> str:
    # Some services name people by their address; once is enough.
    mail = author.email if author.email and author.email != author.id else ""
    facts = [_short(author.id, shares), _short(mail, shares), author.kind if author.kind != "person" else ""]
    known = _listed(facts)
    return f"-- author: {known}" if known else ""


def _file(one: Attachment, shares: TokenShares) -> str:
    facts = (
        _short(one.name, shares) or "unnamed",
        _short(one.media_type or "", shares),
        "" if one.size is None else f"{size(one.size)}",
        _long(one.url or "", shares),
    )
    return f"-- file: {_listed(facts)}"


def _reaction(one: Reaction, shares: TokenShares) -> str:
    if not one.by:
        return f"-- reaction: {_short(one.emoji, shares)} {one.count}"
    names = ", ".join(_short(name, shares) for name in one.by[: shares.entries])
    hidden = max(one.count, len(one.by)) - min(len(one.by), shares.entries)
    return f"-- reaction: {_short(one.emoji, shares)} {names}{f' +{hidden} more' if hidden > 0 else ''}"


def _source(one: Citation, shares: TokenShares) -> str:
    facts = (_short(one.title, shares), _long(one.url or "", shares), _passage(one.text or "", shares))
    return f"-- source: {_listed(facts)}"


def _listed(facts: Sequence[str]) -> str:
    return ", ".join(fact for fact in facts if fact)


def _short(text: str, shares: TokenShares) -> str:
    return one_line(text, _SHORT, shares.part)


def _long(text: str, shares: TokenShares) -> str:
    return one_line(text, _LONG, shares.part * 2)


def _passage(text: str, shares: TokenShares) -> str:
    """A text of any length on one line; where it is cut, what shows more of it."""
    limit = int(shares.part * 2 * _CHARACTERS_PER_TOKEN) + 1
    line = clean_line(text, limit)
    shown = clip(line, shares.part * 2)
    if shown == line and len(text) <= limit:
        return shown
    return f"{shown} (+{max(len(text) - len(shown), 1):,} chars, larger max_tokens)"
