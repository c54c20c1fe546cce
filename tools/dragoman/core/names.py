"""How names, titles and addresses are folded and compared, and the nearer of two equal ones first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.model import Author, Conversation

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
    """What each character folds to whatever stands beside it; ``None`` where that depends on its neighbours."""

    def __missing__(self, char: str) -> str | None:
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
    """May a character, or its plain form, combine with what stands before or behind it."""
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


_CLOSE: Final = 0.3
_MOST_COMPARED: Final = 5000


def author_matches(author: Author, wanted: str) -> bool:
    """Is this the author: every word is part of the name, or it is exactly the id or the e-mail address.

    Args:
        author: Who wrote.
        wanted: What was typed; an ``@`` before it does not count, nor the name in ``Name <address>``. What stands
            in angle brackets alone must be the whole name, id or address.
    """
    if wanted in (author.id, author.email):
        return True
    if is_exact(wanted):
        return fold(wanted[1:-1]) in (fold(author.id), fold(author.email or ""), fold(author.name))
    words = author_words(wanted)
    name, exact = fold(author.name), " ".join(words)
    return all(word in name for word in words) or exact in (fold(author.id), fold(author.email or ""))


def exactly(author: Author) -> str:
    """The filter that only this author passes."""
    return f"<{author.id or author.email or author.name}>"


def is_exact(wanted: str) -> bool:
    """Does an author filter ask for the whole name, id or address."""
    return wanted.startswith("<") and wanted.endswith(">")


def author_words(wanted: str) -> list[str]:
    """The folded words of an author filter, each of which has to occur."""
    opened, closed = wanted.find("<"), wanted.rfind(">")
    address = wanted[opened + 1 : closed] if 0 <= opened < closed else wanted
    return _storable(address).strip().lstrip("@").split()


def author_key(author: Author) -> str:
    """What an index of authors holds: name, id and address, folded."""
    return _storable("\n".join((author.name, author.id, author.email or "")))


def display_title(conversation: Conversation) -> str:
    """What answers call a conversation: its title, else its people."""
    return conversation.title or ", ".join(conversation.participants)


def title_key(title: str) -> str:
    """A title folded for comparison as a whole."""
    return _storable(" ".join(title.split()).lstrip("#").strip())


def conversation_key(conversation: Conversation) -> str:
    """What an index of conversations holds to find parts in: the title and the people, folded."""
    return _storable("\n".join((conversation.title, *conversation.participants)))


def conversation_matches_text(conversation: Conversation, text: str) -> bool:
    """Is the text part of the title, of a participant or of the id."""
    wanted = text_key(text)
    return wanted in conversation_key(conversation) or wanted in fold(conversation.id)


def text_key(text: str) -> str:
    """What is looked for in titles and people, folded."""
    return _storable(text.strip().lstrip("#").strip())


def most_exact(conversations: Sequence[Conversation], said: str) -> list[Conversation]:
    """Those of several conversations of one folded title that are written as it was said.

    The same letters count more than the same but for case, and that more than the same but for accents.
    """
    wanted = _squeezed(said)
    for form in (str, str.casefold):
        nearest = [one for one in conversations if form(_squeezed(display_title(one))) == form(wanted)]
        if nearest:
            return nearest
    return list(conversations)


def nearest_names(wanted: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The names that have most pairs of letters in common with what was said, the nearest first."""
    pairs = _pairs(fold(wanted))
    ranked: list[tuple[float, str]] = []
    for name, _ in zip(dict.fromkeys(names), range(_MOST_COMPARED), strict=False):
        others = _pairs(fold(name))
        likeness = 2 * len(pairs & others) / max(len(pairs) + len(others), 1)
        if likeness >= _CLOSE:
            ranked.append((-likeness, name))
    return [name for _, name in sorted(ranked)[:most]]


def _storable(text: str) -> str:
    """The folded text without half characters, which no database holds."""
    folded = fold(text)
    return folded if folded.isascii() else folded.encode("utf-8", "replace").decode()


def _squeezed(title: str) -> str:
    return unicodedata.normalize("NFC", " ".join(title.split()).lstrip("#").strip())


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(max(len(text) - 1, 1))}


def hidden_address(author: Author) -> str:
    """The author's address where the name looks like another one; empty where it does not."""
    email = author.email or ""
    if "@" not in author.name or "@" not in email or email.casefold() in author.name.casefold():
        return ""
    return email
