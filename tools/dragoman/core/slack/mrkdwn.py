"""Slack's own markup as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from dragoman.core.emoji_names import emoji_of
from dragoman.core.markdown import link as markdown_link

_TOKEN: Final = re.compile(r"<([@#!][^<>\n]*|[a-zA-Z][a-zA-Z0-9+.-]*:[^<>\n]*|[^<>\s|^]++\^[^<>|\n]*\|[^<>\n]*)>")
_MENTION: Final = re.compile(r"<([@#!][^<>\n]*)>")
_CODE: Final = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_SHORT_NAME: Final = re.compile(r":([a-z0-9_+'-]{1,80}(?:::skin-tone-[2-6])?):")
_STYLES: Final = (
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])"), r"**\1**"),
    (re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]*[^\s~])~(?![\w~])"), r"~~\1~~"),
)
_SLOT: Final = re.compile("\ufdd0([0-9]{1,6})\ufdd1")
_SCHEME: Final = re.compile(r"^(?:https?://|mailto:|tel:)")
_NOT_IN_NAMES: Final = str.maketrans(dict.fromkeys("[]<>`\ufdd0\ufdd1"))
_SECONDS: Final = re.compile("[0-9]{1,11}")  # up to the year 5138
_BROADCASTS: Final = frozenset({"here", "channel", "everyone"})


class Names(Protocol):
    """What ids are called; an empty text for those that are not known."""

    def name_of(self, id_: str, /) -> str:
        """A person."""
        ...

    def title_of(self, id_: str, /) -> str:
        """A channel, without ``#``."""
        ...

    def group_of(self, id_: str, /) -> str:
        """A group of people, without ``@``."""
        ...


@dataclass(frozen=True, slots=True)
class Markup:
    """Reads markup.

    Attributes:
        names: Names people, channels and groups.
        markdown: Write Markdown; otherwise styles stay as they are, and a link is ``label (url)``.
    """

    names: Names
    markdown: bool = False

    def to_text(self, markup: str, *, has_styles: bool = True) -> str:
        """Text with mentions by name, links with their addresses, and each entity decoded once.

        Args:
            markup: What Slack sends.
            has_styles: Asterisks and the like are styles, as in most messages.
        """
        pieces: list[str] = []

        def fill(piece: str) -> str:
            return _slot(pieces, _filled(pieces, piece))  # code may hold a link

        text = markup
        if "\ufdd0" in text:  # what looks like a slot is put into one itself, so that every slot is ours
            text = _SLOT.sub(lambda found: _slot(pieces, found[0]), text)
        if "<" in text:
            text = _TOKEN.sub(lambda found: fill(self._reference(found[1])), text)
        if self.markdown:
            text = self._styled(text, fill) if has_styles else with_emoji(text)
        return _filled(pieces, decode_entities(text))

    def with_names(self, text: str) -> str:
        """Markdown of Slack's, in which only mentions are in its own markup."""
        return _MENTION.sub(lambda found: self._reference(found[1]), text)

    def _styled(self, text: str, fill: _Fill) -> str:
        if "`" in text:
            text = _CODE.sub(lambda found: fill(decode_entities(found[0])), text)
        for pattern, written in _STYLES:
            text = pattern.sub(written, text)
        return with_emoji(text) if text.count(":") > 1 else text

    def _reference(self, inner: str) -> str:
        """What stands between angle brackets."""
        target, _, written = inner.partition("|")
        label, rest = decode_entities(written), target[1:]
        if target.startswith("@"):
            return called("@", self.names.name_of(rest) or label.removeprefix("@") or rest)
        if target.startswith("#"):
            title = self.names.title_of(rest)
            return called("#", title if self.markdown and title else label.removeprefix("#") or title or rest)
        if target.startswith("!"):
            return self._command(rest, label)
        return self.link(decode_entities(target), label) if ":" in target else label

    def _command(self, command: str, label: str) -> str:
        name, *arguments = command.split("^")
        if name == "subteam" and arguments:
            return called("@", self.names.group_of(arguments[0]) or label.removeprefix("@") or arguments[0])
        if name == "date" and self.markdown and arguments:
            time = label or format_time(arguments[0]) or arguments[0]
            return self.link(arguments[2], time) if len(arguments) > 2 else time  # noqa: PLR2004 - time, format, link
        return f"@{name}" if name in _BROADCASTS else label or command

    def link(self, url: str, label: str) -> str:
        """A link with its address, unless the label says all of it."""
        plain = _SCHEME.sub("", url).rstrip("/")
        if not label or label.rstrip("/") in (url.rstrip("/"), plain):
            return plain if url.startswith(("mailto:", "tel:")) else url
        if not self.markdown:
            return f"{label} ({url})"
        return markdown_link(url, label)


def _slot(pieces: list[str], piece: str) -> str:
    """Put a piece aside; the slot that stands for it."""
    pieces.append(piece)
    return f"\ufdd0{len(pieces) - 1}\ufdd1"


def _filled(pieces: list[str], text: str) -> str:
    """The text with the pieces in the place of their slots."""
    if not pieces:
        return text
    return _SLOT.sub(lambda found: pieces[int(found[1])] if int(found[1]) < len(pieces) else found[0], text)


class _Fill(Protocol):
    def __call__(self, piece: str, /) -> str: ...


def called(sign: str, name: str) -> str:
    """A name behind its sign, on one line and without what is markup of a text around it."""
    return f"{sign}{' '.join(name.translate(_NOT_IN_NAMES).split())}"


def format_time(seconds: str) -> str:
    """A time as people read it; empty where it is none."""
    if not _SECONDS.fullmatch(seconds):
        return ""
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%d %H:%M} UTC"


def decode_entities(text: str) -> str:
    """The text with the three characters that Slack writes as entities."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def with_emoji(text: str) -> str:
    """The text with emoji in the place of their short names; names that are not known stay."""
    return _SHORT_NAME.sub(lambda found: emoji_of(found[1]), text)
