"""How many tokens a text costs, estimated without a tokenizer, and as much of a text as a number of tokens pays for.

The count is the one of o200k, the vocabulary of current models. A text is taken apart about as o200k
does it (words with the space before them, groups of three digits, runs of signs, line breaks), and each
piece gets a cost: words by their pairs of letters, other scripts by their length, signs by how often
they change. The result is meant to be a little high: never more than 5 % under and 15 % over for a text
of a hundred tokens or more. The cost of a text is about the sum of the costs of its lines.

Texts may be huge. Only as much of one is cleaned and counted as can be shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from operator import add
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.sanitize import clean, clean_line, cut
from dragoman.rendering.budget.token_tables import (
    COMMON_HAN,
    COMMON_HANGUL,
    CYRILLIC_LETTERS,
    CYRILLIC_PAIRS,
    HIRAGANA_GROUPS,
    LATIN_LETTERS,
    LATIN_PAIRS,
    OTHER_SIGNS,
    SCRIPTS,
)

_BLOCK: Final = 1 << 16
_LONGEST: Final = 48
_CACHED: Final = 1 << 15
_START: Final = "\0"
_JOINTS: Final = ('"},{"', '","', '":"')
"""Between members of JSON. A piece ends there in any case, and what stands between them comes again and again."""

_TIME_OF_DAY: Final = 5
"""Characters of ``11:52``."""

_ZEROS: Final = str.maketrans("123456789", "000000000")
_WIDE: Final = lazy_pattern(f" {{3,{_LONGEST}}}")

_SMALL: Final = "a-zß-öø-ɏ\u1e00-\u1eff"
_LATIN: Final = "A-Za-zªºÀ-ÖØ-öø-ɏ\u1e00-\u1eff"
_MARKED: Final = (
    "\u0300-\u036f\u0590-\u05ff\u0610-\u06ff\u0900-\u109f\u1780-\u17d3"  # scripts whose marks are no letters
)
_LEAD: Final = r"[\t -/:-@\[-^`_{-~]?"
_PIECES: Final = lazy_pattern(  # no piece goes on after a line break, so that the costs of lines add up
    rf"{_LEAD}[A-Z]?[{_SMALL}À-Þ]{{1,{_LONGEST}}}"
    r"|[0-9]{1,3}| (?=[0-9])"
    rf"| ?[!-/:-@\[-`{{-~]{{1,{_LONGEST}}}\n?"
    rf"|{_LEAD}[A-Z]{{1,{_LONGEST}}}(?![{_SMALL}])"
    rf"|[^\S\n]{{0,{_LONGEST}}}\n"
    rf"|[^\S\n]{{1,{_LONGEST}}}(?=[^\S\n])"
    rf"| ?[Ѐ-ԯ]{{1,{_LONGEST}}}"
    rf"|[ぁ-ゟ]{{1,{_LONGEST}}}|[\u30a0-ヿ々一-鿿㐀-䶿]{{1,{_LONGEST}}}"
    rf"| ?(?:[^\W\d_{_LATIN}ぁ-ヿ々一-鿿㐀-䶿]|[{_MARKED}]){{1,{_LONGEST}}}"
    rf"| ?[^\w\s{_MARKED}]{{1,{_LONGEST}}}\n?"
    r"|[\s\S]"
)
_IS_WORD: Final = lazy_pattern(rf"[^\W\d_]|[{_MARKED}]")
_EDGE: Final = " "
_ZERO: Final = ord("n")
_MOST_PAIRS: Final = 1 << 14

_LATIN_BIAS: Final = -0.36
_CYRILLIC_BIAS: Final = -0.19
_RARE: Final = 1.08
_UPPER: Final = 0.11
_CONTRACTIONS: Final = frozenset({"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
_CONTRACTION: Final = 0.4
_LEADS: Final = dict.fromkeys(" ", 0.0) | dict.fromkeys("_.?\\(,", 0.1) | dict.fromkeys("\t/#-:=[", 0.45)
_OTHER_LEAD: Final = 0.75

_HAN: Final = 1.2
_EAST_ASIAN: Final = dict.fromkeys(COMMON_HAN, 0.52) | {chr(code): 0.64 for code in range(0x30A0, 0x3100)}
_HIRAGANA: Final = lazy_pattern("|".join(HIRAGANA_GROUPS.split()) + "|[ぁ-ゟ]")
_HIRAGANA_GROUP: Final = 1.05
_HANGUL: Final = dict.fromkeys(COMMON_HANGUL, 0.56)
_OTHER_HANGUL: Final = 1.06
_HANGUL_WORD: Final = 0.35

_MARGIN: Final = 1.01
_DIGITS: Final = 1.1
_SPACE: Final = 0.8
_LINE_BREAK: Final = 1.1
_BLANK_LINE: Final = 0.3
_BREAK_AFTER_SIGNS: Final = 0.3
_SIGN: Final = 1.0
_CHANGE: Final = 0.12
_REPEAT: Final = 0.03


def estimate(text: str) -> int:
    """Tokens of a text, rounded up."""
    return math.ceil(measure(text))


def measure(text: str) -> float:
    """Tokens of a text, not rounded; for sums over many parts."""
    if len(text) > _BLOCK:
        return sum(measure(text[start : start + _BLOCK]) for start in range(0, len(text), _BLOCK))
    if _START in text:
        return _taken_apart(text) * _MARGIN
    if "   " in text:
        text = _WIDE.sub("  ", text)
    if text[:1] == "{":
        for joint in _JOINTS:
            text = text.replace(joint, f"{joint} {_START}")
    # No piece reaches over a line break, nor over a single space.
    words = f"{_START}{text}".replace("\n", f"\n {_START}").split(" ")
    return sum(map(_WORDS.__getitem__, words)) * _MARGIN


class _Words(dict[str, float]):
    """The cost of words after a space, or after the sign for the start of a line, by lookup."""

    def __missing__(self, word: str) -> float:
        if word.isascii() and word.isalpha() and (word[1:] or word).islower() and len(word) <= _LONGEST:
            cost = _latin(f" {word}")  # one piece, as most words are
        elif word.isascii() and (same := word.translate(_ZEROS)) != word:
            # All digits cost the same. Most numbers are seen once; times of day come again and again.
            cost = self[same]
            if len(word) > _TIME_OF_DAY or word[0] == _START:
                return cost
        else:
            cost = _taken_apart(f" {word}" if word[:1] != _START else word[1:])
        if len(word) <= _LONGEST:
            if len(self) >= _CACHED:
                self.clear()
            self[word] = cost
        return cost


def _taken_apart(text: str) -> float:
    return sum(map(_cost, _PIECES.findall(text)))


@lru_cache(maxsize=_CACHED)
def _cost(piece: str) -> float:
    core = piece.strip()
    if not core:
        return _LINE_BREAK if piece == "\n" else _BLANK_LINE if piece[-1] == "\n" else _SPACE
    last = core[-1]
    if last <= "\u024f" or "\u1e00" <= last <= "\u1eff":
        if last.isalpha():
            return _latin(piece)
        if last in "0123456789":
            return _DIGITS
        return _signs(core) + (_BREAK_AFTER_SIGNS if piece[-1] == "\n" else 0.0)
    return _east_asian(core, last) or (_word(core, last) if _IS_WORD.match(last) else _signs(core))


def _east_asian(piece: str, last: str) -> float:
    """The cost by characters or groups of them, 0 in other scripts."""
    if last in _EAST_ASIAN or "\u3400" <= last <= "\u9fff":
        return sum(_EAST_ASIAN.get(char, _HAN) for char in piece)
    if "\u3041" <= last <= "\u309f":
        return _HIRAGANA_GROUP * len(_HIRAGANA.findall(piece))
    if "\uac00" <= last <= "\ud7a3":
        return max(1.0, _HANGUL_WORD + sum(_HANGUL.get(char, _OTHER_HANGUL) for char in piece))
    return 0.0


def _latin(piece: str) -> float:
    if piece in _CONTRACTIONS:
        return _CONTRACTION
    bare = piece[0].isalpha()
    word = piece if bare else piece[1:]
    upper = _UPPER * len(word) if len(word) > 1 and word.isupper() else 0.0
    more = _LATIN_BIAS + upper + _pairs(word.lower(), _LATIN_PAIRS)
    return 1.0 + max(0.0, more * _RARE) + (0.0 if bare else _LEADS.get(piece[0], _OTHER_LEAD))


def _cyrillic(word: str) -> float:
    upper = _UPPER * len(word) if len(word) > 1 and word.isupper() else 0.0
    return 1.0 + max(0.0, _CYRILLIC_BIAS + upper + _pairs(word.lower(), _CYRILLIC_PAIRS))


class _PairCosts(dict[str, int]):
    """What a pair of letters adds to the cost of a word, in tenths of a token, by lookup."""

    def __init__(self, letters: str, table: str) -> None:
        self._places = {letter: place for place, letter in enumerate([*letters, _EDGE])}
        self._table = table

    def __missing__(self, pair: str) -> int:
        other = len(self._places)
        first, second = (self._places.get(letter, other) for letter in pair)
        cost = ord(self._table[first * (other + 1) + second]) - _ZERO
        if len(self) < _MOST_PAIRS:
            self[pair] = cost
        return cost


def _pairs(word: str, costs: _PairCosts) -> float:
    """The cost that a word's pairs of letters add, from edge to edge."""
    letters = f"{_EDGE}{word}{_EDGE}"
    return sum(map(costs.__getitem__, map(add, letters, letters[1:]))) * 0.1


def _word(word: str, last: str) -> float:
    if "\u0400" <= last <= "\u052f":
        return _cyrillic(word)
    base, each = next((base, each) for end, base, each in SCRIPTS if last <= end)
    return max(1.0, base + each * len(word))


def _signs(signs: str) -> float:
    """Signs of ASCII by how often they change, others one by one."""
    plain = [char for char in signs if char <= "\x7f"]
    changes = sum(first != second for first, second in pairwise(plain))
    cost = _SIGN + _CHANGE * changes + _REPEAT * (len(plain) - changes) if plain else 0.0
    return cost + sum(next(cost for end, cost in OTHER_SIGNS if char <= end) for char in signs if char > "\x7f")


_LATIN_PAIRS: Final = _PairCosts(LATIN_LETTERS, LATIN_PAIRS)
_CYRILLIC_PAIRS: Final = _PairCosts(CYRILLIC_LETTERS, CYRILLIC_PAIRS)
_WORDS: Final = _Words()

_CHARACTERS_PER_TOKEN: Final = 12
_WORST_TOKENS_PER_CHARACTER: Final = 4
_LOOK_BACK: Final = 5
_HURRY: Final = 0.97


def costs_more(text: str, tokens: float) -> bool:
    """Whether a text costs more than a number of tokens. A text that is clearly small is not counted."""
    return len(text) * _WORST_TOKENS_PER_CHARACTER > tokens and measure(text) > tokens


def clip(line: str, tokens: float) -> str:
    """A cleaned line, cut to a number of tokens; ``…`` marks what is missing."""
    # Counting takes most of the time of laying out, and most lines are clearly small.
    if len(line) * _WORST_TOKENS_PER_CHARACTER <= tokens:
        return line
    cost = measure(line)
    whole = line
    while cost > tokens and line:
        line = cut(whole, min(int(len(line) * tokens / cost * _HURRY), len(line) - 1))
        cost = measure(line + "…")
    return line if line is whole else line.rstrip() + "…"


def one_line(text: str, limit: int, tokens: float) -> str:
    """Foreign text on one line of at most so many characters and tokens."""
    return clip(clean_line(text, limit), tokens)


def take(text: str, start: int, tokens: float, dress: Callable[[str], str]) -> tuple[str, int, float]:
    """As much of a text from ``start`` on as a number of tokens holds.

    Args:
        text: As the service gave it.
        start: Characters to skip.
        tokens: What the piece may cost.
        dress: What the form does to a cleaned text: indent it, or escape it.

    Returns:
        The piece, cleaned and dressed; where in ``text`` it ends; its cost, or more when it is clearly small.
    """
    if not start and len(text) * _WORST_TOKENS_PER_CHARACTER <= tokens:
        piece = dress(clean(text))
        cost = float(len(piece) * _WORST_TOKENS_PER_CHARACTER)
        if cost <= tokens:
            return piece, len(text), cost
    start = min(start, len(text))
    # No more than can be shown is cleaned: a text may have megabytes.
    end = min(len(text), start + int(tokens * _CHARACTERS_PER_TOKEN))
    while True:
        piece = dress(clean(text[start:end]))
        most = len(piece) * _WORST_TOKENS_PER_CHARACTER
        cost = most if most <= tokens else measure(piece)
        if cost <= tokens or end <= start:
            return piece, end, cost
        length = min(int((end - start) * tokens / cost * _HURRY), end - start - 1)
        end = start + _good_end(text[start : start + length + 1], length)


def _good_end(text: str, length: int) -> int:
    """A place to cut near ``length``: after a line or a word, else not within one character."""
    lowest = length - length // _LOOK_BACK
    for between in "\n ":
        found = text.rfind(between, lowest, length)
        if found > 0:
            return found + 1
    return len(cut(text, length)) or length
