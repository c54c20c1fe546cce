"""Text -> the words under which the full-text index knows it.

``body`` holds the text itself, for SQLite's ``unicode61`` to split. Scripts that put no spaces between words are
written as overlapping pairs of characters, so that whatever stands in a text is found: ``東京都`` becomes
``東京 京都 都``. Emoji become letters of a private area. ``parts`` holds the identifiers of the text (``build_4812``,
``nvsKeyStore``, ``a41c9d2``) as overlapping threes, so that a piece out of the middle of one is found.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import Final

INDEXED: Final = 1_000_000
"""Characters of one message that can be searched."""

PIECE: Final = 3
"""Length of the pieces of identifiers, and so of the shortest piece that is found."""

_LONGEST: Final = 128
_MOST: Final = 500
_SEAM: Final = " x "

# Han, kana, bopomofo, Hangul, Thai, Lao, Tibetan, Myanmar, Khmer: written without spaces, or inflected without them.
UNSPACED: Final = (
    "\u0e00-\u0edf\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"
    "\u3031-\u3035\u303b\u303c\u3040-\u30fa\u30fc-\u312f\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\ua9e0-\ua9fe\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f"
    "\U00020000-\U0003ffff"
)
_RUN: Final = re.compile(f"[{UNSPACED}]+")
_EMOJI: Final = re.compile(
    "[\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f3fa\U0001f400-\U0001faff]"
)
# Vowel points and the like, which a text has or has not; soft hyphens; variation selectors; skin tones; tags.
_OPTIONAL: Final = re.compile(
    "[\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0000-\U000e01ef]"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPECIAL: Final = re.compile(f"{_EMOJI.pattern}|{_OPTIONAL.pattern}".replace("]|[", ""))

# Begins with a plain set, for which the search is several times faster than for alternatives.
_SIGN: Final = re.compile(
    r"[0-9_A-Z.\-](?:(?<=[0-9_])|(?<=[a-z][A-Z])|(?<=[A-Z][A-Z])(?=[a-z])|(?<=[^\W_][.\-])(?=[^\W_]))"
)
_WORD: Final = re.compile(r"[^\W_]++(?:[_.\-][^\W_]++)*+")
_JOINTS: Final = re.compile(r"[\W_]+")
_IDENTIFIER: Final = re.compile(
    r"(?=.{4})(?:[0-9]{4}|[0-9]++[^\W_]|[^\W\d_]++[0-9]|[^\W_]++[_.\-]|[A-Z]*+[a-z]++[A-Z]|[A-Z]{2,}+[a-z])", re.DOTALL
)


def body(text: str) -> str:
    """``text`` as the column ``body`` of the index."""
    if text.isascii():
        return text[:INDEXED]
    return _RUN.sub(_pairs, fold(text[:INDEXED]))


def parts(text: str) -> str:
    """The identifiers of ``text`` as the column ``parts`` of the index, empty where there are none."""
    text = text[:INDEXED]
    found = _SIGN.search(text)
    if found is None:
        return ""
    words: dict[str, None] = {}
    while found is not None and len(words) < _MOST:
        # Only the surroundings of a sign are looked at, up to the next spaces: most of a text is ordinary words.
        start = text.rfind(" ", 0, found.start()) + 1
        end = text.find(" ", found.end())
        end = len(text) if end < 0 else end
        words.update(dict.fromkeys(w for w in _WORD.findall(text, start, end) if _IDENTIFIER.match(w)))
        found = _SIGN.search(text, end)
    return _SEAM.join([pieces for word in islice(words, _MOST) if (pieces := pieces_of(word))])


def pieces_of(word: str) -> str:
    """The overlapping threes of the letters and digits of ``word``; empty when there are fewer than three."""
    if word.isascii():
        plain = _JOINTS.sub("", word[:_LONGEST].lower())
    else:
        plain = _JOINTS.sub("", _RUN.sub("", fold(word[:_LONGEST])))
    return " ".join([plain[i : i + PIECE] for i in range(len(plain) - PIECE + 1)])


def fold(text: str) -> str:
    """``text`` with its variants of width, case and pointing made equal, and emoji as letters."""
    if _SURROGATE.search(text):
        text = _SURROGATE.sub(" ", text)
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Most texts that are not ASCII have an accent or a dash and nothing more.
    return _EMOJI.sub(_as_letter, _OPTIONAL.sub("", folded)) if _SPECIAL.search(folded) else folded


def query_body(folded: str) -> tuple[str, bool]:
    """A folded phrase as it stands in the index, and whether its last word is only the beginning of one."""
    last = _length_of_last_run(folded)
    if last == 0:
        return _RUN.sub(_pairs, folded), False
    spelled = _RUN.sub(_pairs, folded).rstrip()
    # The run may go on in the text, where its last character begins a pair instead of standing alone.
    return (spelled, True) if last == 1 else (spelled.rpartition(" ")[0], False)


def _length_of_last_run(text: str) -> int:
    last = 0
    for run in _RUN.finditer(text):
        last = run.end() - run.start() if run.end() == len(text) else 0
    return last


def _pairs(run: re.Match[str]) -> str:
    text = run.group()
    return " " + " ".join([text[i : i + 2] for i in range(len(text))]) + " "


def _as_letter(emoji: re.Match[str]) -> str:
    # The index takes private characters for letters, up to U+FFFFF.
    return f" {chr(0xF0000 | (ord(emoji.group()) & 0xFFFF))} "
