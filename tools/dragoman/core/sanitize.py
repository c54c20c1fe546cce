r"""Foreign text made safe to show.

Texts, names and titles come from people who may want to fool a reader, a terminal or a model. After
cleaning, what is left is what a reader sees: ANSI escape sequences are removed whole, every kind of
line break is ``\n``, and each character that is invisible, turns the direction of writing, or has no
meaning is shown by its code:

========================================  =============================================
``\u202e``                                 ``<U+202E>``
the same one 37 times                     ``<U+200B>(x37)``
tag characters that spell a message       ``<U+E0068>..<U+E0069>("hi there, i")``
more than five marks stacked on a letter  five of them, then ``<U+0315 and 11 more marks>``
========================================  =============================================

Characters of these kinds stay where writing needs them: joiners within emoji and between letters of
Arabic, Indic and other joining scripts, variation selectors after an emoji or an ideograph, keycaps
and flags. Nothing else is ever left out.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from itertools import groupby
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern

NAME_LIMIT: Final = 60
NOBODY: Final = "user"

_PLAIN: Final = lazy_pattern(r"[^\t\n\x20-\x7e]")
_RARE: Final = lazy_pattern(r"[^\t\n\x20-\x7e]+")
_AREA: Final = lazy_pattern(r"[0-9#*]?[^\t\n\x20-\x7e]+")
_BREAKS: Final = lazy_pattern("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL_SEQUENCE: Final = "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
_SEQUENCES: Final = lazy_pattern(_CONTROL_SEQUENCE)
_ESCAPES: Final = lazy_pattern(
    _CONTROL_SEQUENCE
    + "|\x1b[\\]PX^_][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)?"  # OSC and other strings, to the end of the line if open
    # The same by their one-byte names. One without an end is no string, and neither is any that begins within it: all
    # are matched at once, because looking for the end from each of them would take the square of the time.
    "|(?P<open>[\x90\x98\x9d-\x9f][^\x07\x1b\x9c\n]*)(?P<end>\x07|\x1b\\\\|\x9c)?"
    "|\x1b[ -/]*[0-~]"  # everything else
)
_ROOM_FOR_ESCAPES: Final = 16
_SHORT: Final = 48
_ANGLES: Final = str.maketrans("<>\uff1c\uff1e", "    ")
_NAME_LOSES: Final = dict.fromkeys(map(ord, "[](){}:［］（）｛｝【】：﹕︓꞉∶"), " ")  # noqa: RUF001 - look-alikes are meant

# Whole regions without anything to hide; emoji and ideographs there may be newer than this Python's tables.
_REGIONS: Final = "\U0001f000-\U0001faff\U0001d400-\U0001d7ff\U00020000-\U0003fffd\u3400-\u9fff\uac00-\ud7a3"
_REGION_CODES: Final = tuple(range(ord(a), ord(z) + 1) for a, z in zip(_REGIONS[::3], _REGIONS[2::3], strict=True))
_CLASSIFIED: Final = (range(0x3400), range(0xA000, 0xAC00), range(0xD7A4, 0xD800), range(0xF900, 0x10000))
_BLANKS: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f\ufffc")
_SELECTORS: Final = lazy_pattern("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_GOOD_CATEGORIES: Final = frozenset("LMNPS")
_STACK: Final = 5

_EMOJI: Final = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23fa\u24c2\u25aa\u25ab"
    "\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff"
)
_JOINING: Final = (  # letters and marks of scripts that use joiners
    "\u0620-\u064a\u064b-\u065f\u066e-\u06d5\u06ee\u06ef\u06fa-\u06ff\u0710-\u077f\u07ca-\u07ea\u0840-\u0858\u08a0-\u08e1"
    "\u0900-\u0963\u0971-\u09e5\u09f0-\u0a65\u0a70-\u0ae5\u0af9-\u0b65\u0b71-\u0bd7\u0c00-\u0c65\u0c80-\u0ce5\u0d00-\u0d63"
    "\u0d7a-\u0de5\u0df2\u0df3\u1000-\u103f\u1780-\u17d3\u1820-\u18aa\u1b00-\u1b4b\ua980-\ua9c0\ufb50-\ufdfb\ufe70-\ufefc"
)
_VIRAMA: Final = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u17d2\u1b44\ua9c0"
_IDEOGRAPH: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"


def clean(text: str) -> str:
    r"""Make the text of a message safe; it may have several lines, separated by ``\n`` only."""
    # Most texts are printable ASCII, which is known far faster than a pattern is searched.
    if text.isascii() and (text.replace("\n", "").isprintable() or not _PLAIN.search(text)):
        return text
    if not text.replace("\n", "").isprintable():
        text = _BREAKS.sub("\n", text)
        text = _BREAKS.sub("\n", _ESCAPES.sub(_without_escape, text))
    if _is_plain(text):
        return text
    (odd, stacked, _), rare = _patterns(), "".join(_RARE.findall(text))
    return _AREA.sub(_show_area, text) if odd.search(rare) or stacked.search(rare) else text


def clean_aligned(text: str) -> tuple[str, Callable[[int], int | None]]:
    """Clean a text, and find out where its places are afterwards.

    Returns:
        The text as :func:`clean` gives it. A function from a place in ``text`` to the same place in that; ``None``
        where the place is within something that is shown in another way.
    """
    if _is_plain(text):
        return text, int
    moves: list[Callable[[int], int | None]] = []
    for pattern, show in (
        (_BREAKS, _as_break),
        (_ESCAPES, _without_escape),
        (_BREAKS, _as_break),
        (_patterns()[2], _show),
    ):
        text, move = _replace(pattern, show, text)
        moves.append(move)

    def find(place: int) -> int | None:
        found: int | None = place
        for move in moves:
            found = None if found is None else move(found)
        return found

    return text, find


def clean_line(text: str, limit: int) -> str:
    """Make a title, file name, label or the like safe: one line of at most ``limit`` characters.

    White space is collapsed; what is cut off is marked by ``…``.
    """
    if len(text) <= _SHORT:
        return _short_line(text, limit)
    known = limit * _ROOM_FOR_ESCAPES + 64
    line = " ".join(clean(text[:known]).split())
    if len(line) <= limit and len(text) <= known:
        return line
    return cut(line, limit - 1) + "…"


@lru_cache(maxsize=2048)
def _short_line(text: str, limit: int) -> str:
    """Emoji, labels, file names and states come again and again."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else cut(line, limit - 1) + "…"


@lru_cache(maxsize=1024)
def clean_name(text: str) -> str:
    """Make an author's name safe: one line of at most 60 characters without brackets and colons, never empty.

    The only angle brackets in it are those of codes like ``<U+202E>``.
    """
    line = clean_line(text[: NAME_LIMIT * _ROOM_FOR_ESCAPES].translate(_ANGLES), NAME_LIMIT)
    return " ".join(line.translate(_NAME_LOSES).split()) or NOBODY


def cut(text: str, limit: int) -> str:
    """The beginning of a cleaned text, at most ``limit`` characters, without half an emoji or a bare joiner."""
    if len(text) <= limit:
        return text
    end = max(limit, 0)
    while end and (extends(text[end]) or text[end - 1] in "\u200c\u200d"):
        end -= 1
    opened = text.rfind("<U+", max(end - 10, 0), end)
    if opened >= 0 and ">" not in text[opened:end]:
        end = opened
    return text[:end]


def extends(char: str) -> bool:
    """Whether a character belongs to the one before it: a joiner, a mark, a skin tone, or an invisible one.

    A line break, a tab and other control characters stand for themselves.
    """
    if "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    category = unicodedata.category(char)
    return category[0] in "MC" and category != "Cc"


def _replace(
    pattern: re.Pattern[str], show: Callable[[re.Match[str]], str], text: str
) -> tuple[str, Callable[[int], int | None]]:
    """Replace what a pattern finds, and return the text with a function from places before to places after it."""
    pieces: list[str] = []
    starts: list[int] = []
    spans: list[tuple[int, int]] = [(0, 0)]  # where the last replacement ended, and the length of all before that
    done = length = 0
    for match in pattern.finditer(text):
        shown = show(match)
        if shown != match[0]:
            pieces += [text[done : match.start()], shown]
            length += match.start() - done + len(shown)
            done = match.end()
            starts.append(match.start())
            spans.append((done, length))

    def move(place: int) -> int | None:
        end, before = spans[bisect_left(starts, place)]
        return None if place < end else before + place - end

    return "".join([*pieces, text[done:]]), move


def _as_break(_: re.Match[str]) -> str:
    return "\n"


def _without_escape(match: re.Match[str]) -> str:
    return _SEQUENCES.sub("", match["open"]) if match["open"] and match["end"] is None else ""


def _show_area(area: re.Match[str]) -> str:
    """Only these are looked at closely: printable ASCII has nothing to show, and but for keycaps no part in it."""
    return _patterns()[2].sub(_show, area[0])


def _show(match: re.Match[str]) -> str:
    if match.lastgroup == "needed":
        return match[0]
    if match.lastgroup == "marks":
        return _show_stack(match[0])
    return "".join(_show_run(kind, "".join(run)) for kind, run in groupby(match[0], key=_kind))


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    """What has to be shown together: the same character, a message of tag characters, marks, the visible."""
    if "\U000e0020" <= char <= "\U000e007e":
        return "tags"
    if _is_good(char):
        return "marks" if _is_mark(char) else "visible"
    return char


def _show_run(kind: str, run: str) -> str:
    if kind == "visible":
        return run
    if kind == "marks":
        return _show_stack(run) if len(run) > _STACK else run
    code = f"<U+{ord(run[0]):04X}>"
    if kind == "tags" and len(run) > 1:
        return f'{code}..<U+{ord(run[-1]):04X}>("{"".join(chr(ord(c) - 0xE0000) for c in run)}")'
    return code * len(run) if len(run) <= 3 else f"{code}(x{len(run)})"  # noqa: PLR2004 - shorter from four on


def _show_stack(marks: str) -> str:
    return f"{marks[:_STACK]}<U+{ord(marks[_STACK]):04X} and {len(marks) - _STACK - 1} more marks>"


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What needs a look, marks that stand too high, and what these are; made when the first text needs them."""
    chars = [char for codes in _CLASSIFIED for char in map(chr, codes) if _is_good(char)]
    marks = f"[{_ranges([char for char in chars if _is_mark(char)])}]"
    good = _REGIONS + _ranges(chars)
    special = f"(?P<needed>{_needed()})|(?P<marks>{marks}{marks}{{{_STACK},}})|[^{good}]+"
    return re.compile(f"[^{good}]"), re.compile(f"{marks}{marks}{{{_STACK}}}"), re.compile(special)


def _needed() -> str:
    """Where the invisible has a meaning for writing."""
    one = f"[{_EMOJI}][\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?"
    region = "\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,3}\U000e007f"
    return "|".join(
        (
            region,
            f"{one}(?:\u200d{one}){{1,8}}",
            f"[{_EMOJI}][\ufe0e\ufe0f]",
            "[0-9#*]\ufe0f\u20e3",
            f"(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])",
            f"(?<=[{_VIRAMA}])[\u200c\u200d]",
            f"(?<=[{_IDEOGRAPH}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",
            "(?<=[\u1820-\u18aa])[\u180b-\u180d\u180f]",
        )
    )


def _is_plain(text: str) -> bool:
    """Whether no character of a text depends on its neighbours."""
    return all(map(_is_harmless, set(text)))


@lru_cache(maxsize=4096)
def _is_harmless(char: str) -> bool:
    """Whether a character may stand anywhere: it is no mark, which could be stacked, no joiner and not invisible."""
    if any(ord(char) in codes for codes in _CLASSIFIED):
        return _is_good(char) and not _is_mark(char)
    return any(ord(char) in codes for codes in _REGION_CODES)


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me")


def _is_good(char: str) -> bool:
    if char in _BLANKS or _SELECTORS.match(char):
        return False
    category = unicodedata.category(char)
    return category[0] in _GOOD_CATEGORIES or category == "Zs" or char in "\t\n"


def _ranges(chars: Iterable[str]) -> str:
    """Characters, ascending, as the inside of a pattern's class."""
    runs = groupby(enumerate(chars), key=lambda pair: ord(pair[1]) - pair[0])
    spans = ([char for _, char in run] for _, run in runs)
    return "".join(f"{re.escape(span[0])}-{re.escape(span[-1])}" for span in spans)
