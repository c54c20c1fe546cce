"""A message before it is written: all of it, and nothing in it that could hide the rest.

The lines of foreign text begin with one space. What folds them, and what ends them, begins in column 0, so no text
can pretend that it has ended or that something else begins. Nothing is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from itertools import groupby
from typing import Final

from dragoman.core.model import Conversation, Message
from dragoman.core.references import Reference
from dragoman.core.sanitize import NOBODY, clean, clean_line, clean_name
from dragoman.core.times import format_minute
from dragoman.rendering.budget.fitting import Answer, PageLayout, TokenShares
from dragoman.rendering.plain.header import BETWEEN
from dragoman.rendering.views import PreviewView

END: Final = "== end of the text"
_EMPTY: Final = 2
_ALIKE: Final = 3
_GAP: Final = re.compile(r"[^\S\n]{12,}")
_LINE: Final = 300
_ADDRESS: Final = 120
_ADDRESSEE: Final = 300
_MOST_ADDRESSED: Final = 100
_QUOTE: Final = 200
# Brackets in a name could pass for the address that follows it, and commas for the next person.
_ANGLES: Final = str.maketrans("<>\uff1c\uff1e", "    ")
_COMMA: Final = str.maketrans(",\uff0c", "  ")


class PreviewText(PageLayout):
    """The preview with the line that says how to agree to it."""

    def __init__(self, view: PreviewView, zone: tzinfo, notice: str) -> None:
        """Take a view; nothing is laid out yet."""
        self.count = 1
        self.uncut = True
        self._notice = f"{BETWEEN}quotes {notice}" if notice else ""
        self._view = view
        self._zone = zone

    def costs(self, shares: TokenShares) -> Iterator[float]:
        """There is one item, and it is always shown."""
        del shares
        yield 0.0

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        """All of it, whatever the budget."""
        del shown, shares, cursor
        return Answer(
            "\n".join([f"preview{BETWEEN}{self._view.how}{self._notice}", *preview_lines(self._view, self._zone)])
        )


def preview_lines(view: PreviewView, zone: tzinfo) -> Iterator[str]:
    """Everything that somebody has to see who is to agree."""
    yield f"account: {view.conversation.account} ({view.service})"
    # Where it goes stands before what it says: that is what a hurried reader has to see.
    yield from _people("appears as", (view.sender,) if view.sender else ())
    # Whoever agrees has to see everybody whom the message itself is addressed to.
    addressed = len(view.receivers) + len(view.copied)
    room = _LINE if addressed > _MOST_ADDRESSED else addressed * _ADDRESSEE
    yield from _where(view.conversation, room if len(view.conversation.external) <= addressed else _LINE)
    yield from _people("would go to", view.receivers, room)
    yield from _people("with a copy to", view.copied, room)
    yield from _people("may go to", view.perhaps)
    yield from (f"because {reason}" for reason in view.reasons)
    if view.answers is not None:
        yield f"answers {_quoted(view.answers, zone)}"
    if view.before is not None:
        message = Reference(view.conversation.account, view.conversation.id, view.before.id)
        yield f"changes {message}: {_called(view.before, zone)}"
        # What is not changed is not shown: somebody who agrees would think that it is.
        yield from _change(view, view.before)
        return
    if view.verb == "import":
        yield f"author and time: {author_and_time(view.message, zone)}"
    yield from _value("subject", view.message.subject)
    yield from _block("text", view.message.text)
    if view.below:
        yield from _block("below it goes out", view.below)


def _where(conversation: Conversation, room: int) -> Iterator[str]:
    named = clean_line(conversation.title, _LINE)
    reference = Reference(conversation.account, conversation.id)
    yield BETWEEN.join(part for part in (f"conversation: {reference}", str(conversation.kind), named) if part)
    yield _readers(conversation)
    yield from _people("outside your organisation", conversation.external, room)


def _readers(conversation: Conversation) -> str:
    people, members = conversation.participants, conversation.members
    if members is None:
        return f"who reads it: {_listed(people, clean_name)}" if people else "who reads it: the service does not tell"
    much = f"{members:,} member{'' if members == 1 else 's'}"
    return f"who reads it: {much}: {_listed(people, clean_name, members)}" if people else f"who reads it: {much}"


def _people(what: str, people: Sequence[str], room: int = _LINE) -> Iterator[str]:
    if people:
        yield f"{what}: {_listed(people, _reached, room=room)}"


def _listed(people: Sequence[str], cleaned: Callable[[str], str], count: int = 0, room: int = _LINE) -> str:
    """People as far as there is room for them, and the number of the others, so that the text stays in view."""
    shown: list[str] = []
    shares = max(room, _LINE)
    # The first one is shown however long it is; a list of nobody would say nothing.
    for person in people:
        name = " ".join(cleaned(person).translate(_COMMA).split())
        shares -= len(name) + len(", ")
        if shown and shares < 0:
            break
        shown.append(name)
    left = max(count, len(people)) - len(shown)
    return ", ".join([*shown, f"+{left:,} more"] if left else shown)


def _reached(person: str) -> str:
    """A name, an address, or both: the address is what is true, so no name can look like one or hide it."""
    name, between, address = person.rpartition(" <")
    if not between or not address.endswith(">"):
        return _plain(person)
    return f"{clean_name(name)} <{_plain(address[:-1])}>"


def _plain(text: str) -> str:
    return clean_line(text.translate(_ANGLES), _ADDRESS) or NOBODY


def _change(view: PreviewView, before: Message) -> Iterator[str]:
    if "subject" in view.changes:
        yield from _value("subject now", before.subject or "none")
        yield from _value("subject after it", view.message.subject or "none")
    if "labels" in view.changes:
        yield from _value("labels now", ", ".join(before.labels) or "none")
        yield from _value("labels after it", ", ".join(view.message.labels) or "none")
    if "text" in view.changes:
        yield from _block("text now", before.text)
        yield from _block("text after it", view.message.text)


def _value(name: str, value: str | None) -> Iterator[str]:
    # A long value would push what follows out of view; a block says where it ends.
    if value and len(value) > _LINE:
        yield from _block(name, value)
    elif value:
        # Cleaning can write one hidden character as many visible ones, and nothing may be cut.
        yield f"{name}: {clean_line(value, len(value) * 20)}"


def _block(name: str, text: str) -> Iterator[str]:
    """A text to its end: one space before each line, runs of the same folded."""
    lines = clean(text).split("\n")
    much = (
        f"{len(text):,} character{'' if len(text) == 1 else 's'} in {len(lines):,} line{'' if len(lines) == 1 else 's'}"
    )
    yield f"{name}, {much}:"
    # Hundreds of empty or equal lines are the oldest way of hiding what follows them.
    for line, run in groupby(line if line.strip() else "" for line in lines):
        yield from _run(line, sum(1 for _ in run))
    yield END


def _run(line: str, count: int) -> Iterator[str]:
    if not line and count > _EMPTY:
        yield f"<{count:,} empty lines>"
        return
    shown = f" {fold_gaps(line)}"
    if count <= _ALIKE:
        yield from [shown] * count
        return
    yield shown
    yield f"<the same line {count - 1:,} more times>"


def fold_gaps(line: str) -> str:
    """A line with its long runs of spaces as their number, because they push what follows out of view."""
    return _GAP.sub(lambda gap: f" <{len(gap[0]):,} spaces> ", line)


def _called(message: Message, zone: tzinfo) -> str:
    handle = "" if message.number is None else f"{message.number} "
    at = "" if message.sent_at is None else f" {format_minute(message.sent_at, zone)}"
    return f"{handle}{clean_name(message.author.name)}{at}"


def author_and_time(message: Message, zone: tzinfo) -> str:
    """The author and the time of an imported message."""
    return f"{_called(message, zone)} {zone}"


def _quoted(message: Message, zone: tzinfo) -> str:
    return f"{_called(message, zone)}: {clean_line(message.text, _QUOTE)}"
