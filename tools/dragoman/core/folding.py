"""One folding of letters for texts, names, titles and queries.

Two strings fold to the same one when people type them for one another. The rules, in order:

1. What is invisible inside a word goes: joiners, soft hyphens, directional marks, variation selectors.
2. Compatibility forms become plain ones (NFKC): full and half width, ligatures, superscripts, presentation forms.
3. Accents and points go: those of Latin, Greek and Cyrillic letters, the vowel points of Hebrew, Arabic and Syriac,
   the nukta of Indic scripts. Marks that spell (vowel signs, the dots of kana, the breve of й) stay.
4. Letters that do not decompose become the letters that are typed for them: ``ł`` is l, ``ø`` o, ``ı`` i, ``æ`` ae.
5. Case goes, and with it final sigma and the Turkish capitals.
6. Digits of every script are 0 to 9; katakana is hiragana; typographic apostrophes are ``'``.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern

VERSION: Final = 1
"""Changes with every rule above: what was stored with another version is folded again."""

_IGNORED: Final = lazy_pattern(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_OPTIONAL: Final = lazy_pattern(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0730-\u074a\u08d3-\u08e1\u08e3-\u08ff"
    "\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]"
)
_SPELLED: Final = {
    "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ŋ": "n", "ĸ": "k", "ı": "i", "ȷ": "j", "ə": "e", "ɛ": "e",
    "ɔ": "o", "ɩ": "i", "ʋ": "v", "ƣ": "oi", "ȣ": "ou",
    "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ھ": "ه", "ۀ": "ه", "ە": "ه", "ٱ": "ا",
    "ँ": "ं",
    "\u02b9": "'", "\u02bb": "'", "\u02bc": "'", "\u02bd": "'", "\u02be": "'", "\u02bf": "'", "\u02c8": "'",
    "\u2018": "'", "\u2019": "'", "\u201b": "'", "\u2032": "'", "\u05f3": "'", "\ua78c": "'",
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u05f4": '"',
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2212": "-",
}  # fmt: skip
_WHOLE: Final = frozenset("йЙ")
"""Letters of their own, although they decompose: nobody types them without their mark."""

_DERIVED: Final = lazy_pattern(r"((?:LATIN|CYRILLIC) SMALL LETTER [A-Z]+) WITH .*")
_FINAL: Final = lazy_pattern(r"HEBREW LETTER FINAL (.*)")
_NOT_ASCII: Final = lazy_pattern(r"[^\x00-\x7f]")
_FEW: Final = 8
_KATAKANA: Final = range(0x30A1, 0x30F7)
_HIRAGANA_BEHIND: Final = 0x60
_JAMO: Final = lazy_pattern("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
_MOST_CACHED: Final = 20_000


class _Letters(dict[int, str]):
    """What each character folds to, found out when it first occurs."""

    def __missing__(self, code: int) -> str:
        folded = _fold_char(chr(code))
        self[code] = folded
        return folded


class _Alone(dict[str, str | None]):
    """The folded form of each character; ``None`` where it depends on the neighbours."""

    def __missing__(self, char: str) -> str | None:
        # Texts of others decide which characters come, so it must not grow for ever.
        if len(self) >= _MOST_CACHED:
            self.clear()
        folded = None if _meets_neighbours(char) else fold_in_context(char)
        self[char] = folded
        return folded


_LETTERS: Final = _Letters()
_ALONE: Final = _Alone()


def fold(text: str) -> str:
    """The folded form of ``text``; the same for all spellings of it, and for itself."""
    if text.isascii():
        return text.lower()
    folded = text.lower()
    rare = rare_characters(folded)
    if len(rare) > _FEW:
        return fold_in_context(text)
    # Most texts have an accent or a dash and nothing more.
    for char in rare:
        alone = _ALONE[char]
        if alone is None:
            return fold_in_context(text)
        if alone != char:
            folded = folded.replace(char, alone)
    return folded


def fold_in_context(text: str) -> str:
    """The folded form of ``text``, for any characters; :func:`fold` gives the same and is faster for most texts."""
    # Looking at each kind of character once is several times faster than searching the text for them.
    if any(map(_IGNORED.match, rare_characters(text))):
        text = _IGNORED.sub("", text)
    text = unicodedata.normalize("NFKC", text).lower()
    rare = rare_characters(text)
    if len(rare) > _FEW:
        text = text.translate(_LETTERS)
    else:
        for char in rare:
            text = text.replace(char, _LETTERS[ord(char)])
    return unicodedata.normalize("NFC", text)


def rare_characters(text: str) -> set[str]:
    """The characters of ``text`` that are not of ASCII."""
    return set(_NOT_ASCII.findall(text))


def _meets_neighbours(char: str) -> bool:
    """Whether a character, or its plain form, may combine with its neighbours."""
    parts = unicodedata.normalize("NFKC", char)
    return any(unicodedata.category(part)[0] == "M" for part in (char, parts[:1])) or _JAMO.search(parts) is not None


def _fold_char(char: str) -> str:
    bare = _without_accents(char)
    if len(bare) != 1:
        return "".join(_fold_char(one) for one in bare)
    small = bare.casefold()
    if small != bare:
        return "".join(_fold_char(one) for one in small)
    if bare in _SPELLED:
        return _SPELLED[bare]
    return _by_name(bare)


def _without_accents(char: str) -> str:
    """A letter without the marks that may be left out; signs keep theirs, for ``≠`` is no ``=``."""
    if char in _WHOLE or unicodedata.category(char)[0] == "S":
        return char
    parts = unicodedata.normalize("NFD", char)
    bare = _OPTIONAL.sub("", parts)
    return char if bare == parts else unicodedata.normalize("NFC", bare)


def _by_name(char: str) -> str:
    if char.isascii():
        return char
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if ord(char) in _KATAKANA:
        return chr(ord(char) - _HIRAGANA_BEHIND)
    name = unicodedata.name(char, "")
    plain = _DERIVED.sub(r"\1", name) if _DERIVED.fullmatch(name) else _FINAL.sub(r"HEBREW LETTER \1", name)
    if plain == name:
        return char
    try:
        return _fold_char(unicodedata.lookup(plain))
    except KeyError:
        return char
