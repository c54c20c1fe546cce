"""What stands behind the time in lines of IRC logs."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dragoman.core.lazy_pattern import lazy_pattern

TEXT: Final = "text"
ACTION: Final = "action"
EVENT: Final = "event"
MORE: Final = "more"
"""Kind of a line that goes on with the message before."""
UNWANTED: Final = "unwanted"
"""Kind of a line about people who come and go, and other things that are half of a log."""

_CODES: Final = lazy_pattern(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?|[\x00\x02\x0f\x11\x16\x1d\x1e\x1f]"
)
# Signs of rank that clients write before a nick.
_MODES: Final = " @+%&~!*."
_NICK: Final = r"[^\s<>]{1,64}"
_SPOKEN: Final = lazy_pattern(rf"[ \t]{{0,2}}<[{re.escape(_MODES)}]{{0,3}}(?P<nick>{_NICK})>(?:[ \t]+(?P<text>.*)|$)")
_MARKED_EVENT: Final = lazy_pattern(r"[ \t]{0,2}(?:-!-|\*\*\*|--->?|-->|<--|<---|=!=|→|←|⇐|⇒|⇦|⇨)[ \t]+(?P<text>.*)")
_STAR: Final = lazy_pattern(rf"[ \t]*\*[ \t]+(?P<text>(?P<nick>{_NICK})(?:[ \t]+(?P<rest>.*)|$))")
_BOT_ACTION: Final = lazy_pattern(rf"Action: (?P<nick>{_NICK}) (?P<text>.*)")
_NOTICE: Final = lazy_pattern(
    r"[ \t]{0,2}-(?P<nick>[^\s:/!-][^\s:/]{0,63}?)(?:[:/][^\s]{1,64})?-(?:[ \t]+(?P<text>.*)|$)"
)
_TAB_NOTICE: Final = lazy_pattern(rf"Notice\((?P<nick>{_NICK}?)\)(?: -> \S+)?: (?P<text>.*)")
_PRIVATE: Final = lazy_pattern(r"(?:\*(?P<star>[^\s*]{1,64})\*|\[msg\((?P<irssi>[^\s()]{1,64})\)\])[ \t]+(?P<text>.*)")
_COLUMN: Final = lazy_pattern(r"(?:[^\s*-]\S{0,63})?")
_ARROWS: Final = frozenset({"-->", "<--", "--", "=!=", "***", "-!-"})

_TOPIC: Final = lazy_pattern(
    r"(?P<nick>\S+) (?:has )?(?:changed|changes|set|sets|unset|cleared|removed) (?:the )?topic\b"
    r"|topic (?:changed|unset)(?: on \S+)? by (?P<by>[^\s!:]+)",
    re.IGNORECASE,
)
_KICK: Final = lazy_pattern(
    r"\S+ (?:(?:was|has been|got) )?kicked (?:from \S+ |off \S+ )?by (?P<nick>[^\s!:]+)"
    r"|(?P<by>\S+) (?:has kicked \S+|kicked \S+ (?:from|off|out of) #)",
    re.IGNORECASE,
)
_RENAMED: Final = lazy_pattern(
    r"(?:Nick change: )?(?P<nick>\S+) (?:(?:is|are) now known as|->|changed nick to|is now called) \S+$", re.IGNORECASE
)
_COMING: Final = lazy_pattern(
    r"(?:Joins|Parts|Quits|Mode|Disconnected|Connected|Netsplit|Ban)\b.*:|mode/\S+ \[|ServerMode/"
    r"|\S+ \(?\S+[@!]\S+\)? (?:\[[^\]]*\] )?(?:has |have )?(?:joined|left|quit|parted|rejoined)\b"
    r"|\S+ has (?:joined|left|quit)(?: [#&]\S+)?\.?(?: [(\[].*)?$"
    r"|\S+ sets? (?:mode|ban|channel)\b|\S+ (?:gives|removes) (?:channel|voice|halfop)\b"
    r"|Now talking|Topic for|Topic set by|Topic is|@?#\S+ \(\S+\)|\S+ got (?:net)?split|\S+ mode change "
    r"|Channel [#&]\S+ |Users on [#&]|You (?:are|have|were) ",
    re.IGNORECASE,
)


class Line(NamedTuple):
    """A line without its time.

    Attributes:
        kind: :data:`TEXT`, :data:`ACTION`, :data:`EVENT`, :data:`MORE` or :data:`UNWANTED`.
        nick: Who; empty when nobody is named.
        is_marked: Whether nothing but a log of IRC has such a line.
    """

    kind: str
    nick: str
    text: str
    is_marked: bool = True


def without_codes(text: str) -> str:
    """The line without the codes for colours and styles."""
    return _CODES.sub("", text)


def parse_line(rest: str, *, in_columns: bool) -> Line | None:
    """What follows the time of a line; ``None`` for what no client writes.

    Args:
        rest: The line without its time.
        in_columns: A tab may stand behind the name, as WeeChat writes it.
    """
    found = _SPOKEN.match(rest)
    if found is not None:
        return Line(TEXT, found["nick"], found["text"] or "")
    column, tab, text = rest.partition("\t")
    prefix = column.strip()
    if in_columns and tab and (prefix in _ARROWS or _COLUMN.fullmatch(prefix)):
        return _parse_columns(prefix, text)
    return _parse_marked(rest) or _parse_star(rest) or _parse_bare(rest)


def _parse_columns(prefix: str, text: str) -> Line:
    """A line of WeeChat, with a tab behind the name or a mark."""
    if not prefix:
        return Line(MORE, "", text)
    if prefix in _ARROWS:
        notice = _TAB_NOTICE.match(text)
        return Line(TEXT, notice["nick"], notice["text"]) if notice else _event(text)
    return Line(TEXT, prefix.lstrip(_MODES) or prefix, text)


def _parse_marked(rest: str) -> Line | None:
    found = _NOTICE.match(rest) or _PRIVATE.match(rest)
    if found is not None:
        nick = found.groupdict().get("nick") or found.groupdict().get("star") or found.groupdict().get("irssi")
        return Line(TEXT, nick or "", found["text"] or "")
    marked = _MARKED_EVENT.match(rest)
    return None if marked is None else _event(marked["text"])


def _parse_star(rest: str) -> Line | None:
    """What somebody does, or in the logs of some clients what happens."""
    found = _STAR.match(rest)
    if found is None:
        action = _BOT_ACTION.match(rest)
        return Line(ACTION, action["nick"], action["text"]) if action else None
    text = found["text"]
    happened = _event(text)
    if happened.is_marked:
        return happened
    # Not marked: lists in other texts begin with stars as well.
    return Line(ACTION, found["nick"].lstrip(_MODES) or found["nick"], found["rest"] or "", is_marked=False)


def _parse_bare(rest: str) -> Line | None:
    """A line of eggdrop about what happens, without any mark."""
    happened = _event(rest)
    # Any text could have a line like this, so it proves no log of IRC.
    return happened._replace(is_marked=False) if happened.is_marked else None


def _event(text: str) -> Line:
    for pattern in (_RENAMED, _KICK, _TOPIC):
        found = pattern.match(text)
        if found is not None:
            nick = found.groupdict().get("nick") or found.groupdict().get("by") or ""
            return Line(EVENT, nick.lstrip(_MODES), text)
    return Line(UNWANTED, "", text, is_marked=_COMING.match(text) is not None)
