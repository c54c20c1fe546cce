"""Text -> the lexemes under which a full-text index knows it; the same for every database.

An index has three columns, each a text whose lexemes stand between characters of ASCII that are no letters or digits:

- ``body``: the words, folded. Scripts that put no spaces between words are written as overlapping pairs of characters,
  so that whatever stands in a text is found: ``東京都`` becomes ``東京 京都 都``. A symbol is a word.
- ``parts``: the identifiers (``build_4812``, ``nvsKeyStore``, ``a41c9d2``) as overlapping threes, so that a piece out
  of the middle of one is found; and runs of signs, alone and with the short word before them (``>>=``, ``c++``).
- ``scope``: the labels of a message, and whether it has files or links.

Lexemes of ``parts`` and ``scope`` have a character of a private area in them, so no word is taken for one of them.
:func:`lexemes` splits a column as the database does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from dragoman.core import folding
from dragoman.core.folding import fold, rare_characters
from dragoman.core.lazy_pattern import lazy_pattern

VERSION: Final = f"4.{folding.VERSION}"
"""Changes when the same text gets other lexemes: an index of another version is built again."""

INDEXED: Final = 1_000_000
"""Characters of one message that can be searched."""

PIECE: Final = 3
"""Length of the pieces of identifiers, and so of the shortest piece that is found."""

HAS_FILE: Final = "\ue000f"
HAS_LINK: Final = "\ue000h"

_LONGEST: Final = 128
_MOST: Final = 500
_REACH: Final = 7
_OF_SCOPE: Final = "\ue000"
_OF_PIECES: Final = "\ue001"
_SIGNS_FROM: Final = 0xE100
_LINK: Final = lazy_pattern(r"https?://", re.IGNORECASE)

# Han, kana, bopomofo, Hangul, Thai, Lao, Tibetan, Myanmar, Khmer: written without spaces, or inflected without them.
UNSPACED: Final = (
    "\u0e00-\u0edf\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"
    "\u3031-\u3035\u303b\u303c\u3040-\u30fa\u30fc-\u312f\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\ua9e0-\ua9fe\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f"
    "\U00020000-\U0003ffff"
)
_RUN: Final = lazy_pattern(f"[{UNSPACED}]+")
_LEXEME: Final = lazy_pattern(r"[^\x00-/:-`{-\x7f]+")
"""Digits, small letters and all that is not ASCII: to name what it is not compiles in a fraction of the time."""

# Begins with a plain set, for which the search is several times faster than for alternatives.
_HINT: Final = lazy_pattern(
    r"[0-9_A-Z.\-](?:(?<=[0-9_])|(?<=[a-z][A-Z])|(?<=[A-Z][A-Z])(?=[a-z])|(?<=[^\W_][.\-])(?=[^\W_]))"
)
_WORD: Final = lazy_pattern(r"[^\W_]++(?:[_.\-][^\W_]++)*+")
_SPACE: Final = lazy_pattern(r"[ \n]")
_JOINTS: Final = lazy_pattern(r"[\W_]+")
_IDENTIFIER: Final = lazy_pattern(
    r"(?=.{4})(?:[0-9]{4}|[0-9]++[^\W_]|[^\W\d_]++[0-9]|[^\W_]++[_.\-]|[A-Z]*+[a-z]++[A-Z]|[A-Z]{2,}+[a-z])", re.DOTALL
)
_SIGNS: Final = lazy_pattern(r"[#$%&+<=>@^|~\\](?:[-!:*/.?#$%&+<=>@^|~\\]{0,8}[#$%&+<=>@^|~\\])?")
_BEFORE: Final = lazy_pattern(r"(?:(?<![^\W_])([^\W_]{1,3}))?([-!:*/]{0,3})\Z")


class _Places(dict[str, str]):
    """What stands in the index for a character that is not of ASCII."""

    def __missing__(self, char: str) -> str:
        category = unicodedata.category(char)
        if category[0] in "LMN":
            place = char
        elif category[0] == "S":
            # Skin tones are left out at will.
            place = "" if "\U0001f3fb" <= char <= "\U0001f3ff" else f" {char} "
        else:
            place = " "
        self[char] = place
        return place


_PLACES: Final = _Places()


def body(text: str) -> str:
    """``text`` as the column ``body`` of the index."""
    if len(text) > INDEXED:
        text = text[:INDEXED]
    # The database splits ASCII and takes its case away by itself.
    return text if text.isascii() else _paired(_folded(text))


def parts(text: str) -> str:
    """The identifiers and signs of ``text`` as the column ``parts`` of the index, empty where there are none."""
    if len(text) > INDEXED:
        text = text[:INDEXED]
    # Nine texts of ten have neither.
    hint = _HINT.search(text)
    pieces = "" if hint is None else _pieces(text, hint)
    if _SIGNS.search(text) is None:
        return pieces
    signs = " ".join(islice(dict.fromkeys(_signs(text)), _MOST))
    return f"{pieces} {signs}" if pieces else signs


def lexemes(column: str) -> list[str]:
    """The lexemes of a column, in their order."""
    # Only ASCII comes unfolded, and only its case does the database know.
    return _LEXEME.findall(column.lower() if column.isascii() else column)


def pieces_of(word: str) -> list[str]:
    """The overlapping threes of the letters and digits of ``word``; none when there are fewer than three."""
    if len(word) > _LONGEST:
        word = word[:_LONGEST]
    plain = word.lower() if word.isascii() else _RUN.sub("", fold(word))
    if not plain.isalnum():
        plain = _JOINTS.sub("", plain)
    return [_OF_PIECES + plain[at : at + PIECE] for at in range(len(plain) - PIECE + 1)]


@dataclass(frozen=True, slots=True)
class QueryWords:
    """The lexemes of ``body`` for a part of a query.

    Attributes:
        lexemes: In their order.
        cut_off: The last one is only the beginning of one.
        unspaced: It is of a script without spaces, so that every text that goes on is found anyway.
    """

    lexemes: list[str]
    cut_off: bool
    unspaced: bool


def query_words(text: str) -> QueryWords:
    """What to look for in the column ``body``."""
    folded = _folded(text).strip()
    last = _length_of_last_run(folded)
    words = lexemes(_paired(folded))
    if last > 1:
        # The run may go on in the text, where its last character begins a pair instead of standing alone.
        # The pair before it holds that character already.
        words.pop()
    return QueryWords(words, last == 1, last > 0)


def joined_parts(text: str) -> list[str]:
    """The words of a text that stand between its signs and spaces."""
    return lexemes(_folded(text))


def query_signs(text: str) -> list[str]:
    """The lexemes of ``parts`` for the signs of a part of a query: as much around each as is in the index."""
    return [before + run for before, run in _runs_of_signs(text)]


def label_scope(label: str) -> str:
    """The lexeme of a label."""
    return f"{_OF_SCOPE}l{fold(label).strip().encode('utf-8', 'surrogatepass').hex()}"


def holds_link(text: str) -> bool:
    """Whether a text has a web address."""
    return "://" in text and _LINK.search(text) is not None


def _folded(text: str) -> str:
    """The folded text with nothing but words, symbols and ASCII in it."""
    if text.isascii():
        return text.lower()
    folded = fold(text)
    if folded.isascii():
        return folded
    for char in rare_characters(folded):
        place = _PLACES[char]
        if place != char:
            folded = folded.replace(char, place)
    return folded


def _paired(folded: str) -> str:
    """The folded text with its unspaced scripts as pairs of characters."""
    return folded if folded.isascii() or _RUN.search(folded) is None else _RUN.sub(_pairs, folded)


def _pieces(text: str, hint: re.Match[str]) -> str:
    """The pieces of the identifiers, from the first hint at one on; those of one are apart from those of the next."""
    start = text.rfind(" ", 0, hint.start()) + 1
    line_end = text.find("\n", start)
    number = text[start:] if line_end < 0 else text[start:line_end]
    # Many texts end so, some with a subject below.
    if number.isdecimal() and number.isascii() and (line_end < 0 or _HINT.search(text, line_end) is None):
        return _pieces_of_number(number)
    words: dict[str, None] = {}
    found: re.Match[str] | None = hint
    end = 0
    while found is not None and len(words) < _MOST:
        # Only the surroundings of a hint are looked at, up to the next spaces: most of a text is ordinary words.
        start = max(text.rfind(" ", end, found.start()), text.rfind("\n", end, found.start())) + 1
        behind = _SPACE.search(text, found.end())
        end = -1 if behind is None else behind.start()
        word = text[start:] if end < 0 else text[start:end]
        names = _names_in if len(word) <= _LONGEST else _names_in.__wrapped__
        words.update(names(word))
        found = None if end < 0 else _HINT.search(text, end)
    pieces = [_column_of_pieces(word[:_LONGEST]) for word in islice(words, _MOST)]
    return pieces[0] if len(pieces) == 1 else f" {_OF_PIECES} ".join(filter(None, pieces))


@lru_cache(maxsize=8192)
def _names_in(word: str) -> dict[str, None]:
    """The identifiers and long numbers of what stands between two spaces; the same come again and again."""
    if word.isdecimal() and word.isascii():
        return {word: None} if len(word) > PIECE else {}
    return dict.fromkeys(w for w in _WORD.findall(word) if _IDENTIFIER.match(w))


@lru_cache(maxsize=8192)
def _column_of_pieces(word: str) -> str:
    return " ".join(pieces_of(word))


def _pieces_of_number(digits: str) -> str:
    """The pieces of a number of more than three digits; hardly one comes twice."""
    if len(digits) <= PIECE:
        return ""
    known = digits[:_LONGEST]
    return _OF_PIECES + f" {_OF_PIECES}".join([known[at : at + PIECE] for at in range(len(known) - PIECE + 1)])


def _signs(text: str) -> Iterator[str]:
    for before, run in _runs_of_signs(text):
        yield run
        if before:
            yield before + run


def _runs_of_signs(text: str) -> Iterator[tuple[str, str]]:
    """Each run of signs, and the short word directly before it."""
    for found in _SIGNS.finditer(text):
        before = _BEFORE.search(text, max(found.start() - _REACH, 0), found.start())
        word, opening = before.groups() if before else ("", "")
        yield fold(word or ""), "".join([chr(_SIGNS_FROM + ord(sign)) for sign in opening + found[0]])


def _length_of_last_run(text: str) -> int:
    last = 0
    if text.isascii():
        return last
    for run in _RUN.finditer(text):
        last = run.end() - run.start() if run.end() == len(text) else 0
    return last


def _pairs(run: re.Match[str]) -> str:
    text = run.group()
    return " " + " ".join([text[i : i + 2] for i in range(len(text))]) + " "
