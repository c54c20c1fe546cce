"""The question that a user answers before a write.

Some clients show no more than the first three lines of a question. So these lines name the place and its readers,
what is alarming, and the beginning of what would be written; the whole preview follows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Conversation
from dragoman.core.references import Reference
from dragoman.core.sanitize import clean, clean_line, clean_name
from dragoman.rendering.plain.preview import author_and_time, fold_gaps, preview_lines
from dragoman.rendering.views import PreviewView

WIDTH: Final = 72
"""Columns of a line; narrower than any terminal that people use, with a frame around the question."""

SUMMARY_LINES: Final = 3
_NEW_LINE: Final = " \u23ce "
_ELLIPSIS: Final = "\u2026"
_WARNING: Final = "Careful: "
_QUOTED: Final = 32
_LONGEST: Final = 20_000
_ASKED: Final = {"send": "Send to", "change": "Change a message in", "import": "Store as written elsewhere in"}


@dataclass(frozen=True, slots=True)
class QuestionText:
    """A question as it is shown.

    Attributes:
        text: All of it; the first three lines are the summary.
        length: One sentence that says how long the written text is, and how much of it the summary shows.
        fits: The summary shows everything that would be written, and every warning, uncut.
    """

    text: str
    length: str
    fits: bool


def question(view: PreviewView, zone: tzinfo) -> QuestionText:
    """Lay out a preview as a question for the user."""
    headline, headline_fits = _headline(view)
    warning, warning_fits = _warning(view)
    lines, content_fits = _content(view, zone, SUMMARY_LINES - 1 - len(warning))
    fits = headline_fits and warning_fits and content_fits
    return QuestionText(
        text="\n".join([headline, *warning, *lines, *preview_lines(view, zone)]),
        length=_length(view, shown=fits),
        fits=fits,
    )


def _headline(view: PreviewView) -> tuple[str, bool]:
    """The action, the place and the readers in one line; only the title may be cut without harm."""
    conversation = view.conversation
    asked = f"{_ASKED.get(view.verb, 'Write to')} {Reference(conversation.account, conversation.id)}"
    readers = f" ({_readers(view)})?"
    # The reference and the readers come first; a title is only there to recognise them by.
    left = WIDTH - _columns(asked) - _columns(readers)
    title = clean_line(conversation.title, max(left - 1, 1)) if conversation.title and left > len(" x...") else ""
    line = asked + (f" {title}" if title and _columns(title) < left else "") + readers
    return _cut(line, WIDTH)


def _readers(view: PreviewView) -> str:
    """How many read it, and how many of them are outsiders."""
    conversation = view.conversation
    if view.receivers:
        parts = [_count(len(view.receivers) + len(view.copied), "receiver")]
        parts += [f"perhaps {len(view.perhaps):,} more"] if view.perhaps else []
    else:
        parts = [_reader_count(conversation)]
    parts += [f"{len(conversation.external):,} outside your organisation"] if conversation.external else []
    return ", ".join(parts)


def _reader_count(conversation: Conversation) -> str:
    known = len(conversation.participants) if conversation.members is None else conversation.members
    return _count(known, "reader") if known else "readers unknown"


def _warning(view: PreviewView) -> tuple[list[str], bool]:
    """The alarming reasons in one line, if there are any, and whether they fit."""
    found = [clean_line(reason, _LONGEST) for reason in view.warnings]
    # Cleaning makes them visible in what is shown, but what is sent still has them.
    found += ["it has hidden characters"] if _has_hidden(view) else []
    if not found:
        return [], True
    line, fits = _cut(_WARNING + "; ".join(found), WIDTH)
    return [line], fits


def _has_hidden(view: PreviewView) -> bool:
    written = (view.message.text, view.message.subject or "", *view.message.labels)
    return any(clean(text) != text.replace("\r\n", "\n") for text in written)


def _content(view: PreviewView, zone: tzinfo, shares: int) -> tuple[list[str], bool]:
    """The text that would be written, as far as it fits into so many lines; further lines begin with a space."""
    # Cut before it is cleaned: a text may have megabytes, and three lines are shown.
    written = clean("\n".join(_pieces(view, zone))[:_LONGEST])
    rest = _NEW_LINE.join(fold_gaps(line.strip()) for line in written.split("\n") if line.strip())
    lines: list[str] = []
    while rest and len(lines) < shares:
        indent = " " if lines else ""
        line, whole = _cut(indent + rest, WIDTH, mark=len(lines) == shares - 1)
        lines.append(line)
        rest = "" if whole else rest[len(line) - len(indent) :]
        if len(lines) == shares and not whole:
            return lines, False
    return lines, True


def _pieces(view: PreviewView, zone: tzinfo) -> Iterator[str]:
    message = view.message
    if view.verb == "import":
        yield f"By {author_and_time(message, zone)}"
    if view.answers is not None:
        yield f"Answers {clean_name(view.answers.author.name)}: {clean_line(view.answers.text, _QUOTED)}"
    if view.before is not None and "text" in view.changes:
        yield f"Was: {clean_line(view.before.text, _QUOTED)}"
    if message.subject is not None:
        yield f"Subject: {message.subject}"
    if message.labels or "labels" in view.changes:
        yield f"Labels: {', '.join(message.labels) or 'none'}"
    if message.text or view.verb != "change" or "text" in view.changes:
        yield f"Text: {message.text}"
    if view.below:
        yield f"Below it: {view.below}"


def _length(view: PreviewView, *, shown: bool) -> str:
    text = view.message.text
    much = f"{_count(len(text), 'character')} in {_count(text.count(chr(10)) + 1, 'line')}"
    if not text and "text" not in view.changes:
        much = "no text"
    end = "all of it is in the first lines" if shown else "the first lines show only its beginning, more follows"
    return f"{much[0].upper()}{much[1:]}; {end}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _columns(text: str) -> int:
    """Columns of a terminal that a cleaned text takes."""
    return sum(_width(char) for char in text)


def _width(char: str) -> int:
    # Marks stand above or below the letter before them.
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut(line: str, width: int, *, mark: bool = True) -> tuple[str, bool]:
    """The beginning of a line that fits into so many columns, and whether that is all of it."""
    left = width
    last = 0  # where the line ends that leaves a column for the mark
    for end, char in enumerate(line):
        last = end if left > 0 else last
        left -= _width(char)
        if left < 0:
            return (line[:last] + _ELLIPSIS if mark else line[:end]), False
    return line, True
