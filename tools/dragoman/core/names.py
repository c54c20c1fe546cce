"""Compares names, titles and addresses: folded, and the nearer of two equal ones first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from dragoman.core.folding import fold
from dragoman.core.model import Author, Conversation

_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
_CLOSE: Final = 0.3
_MOST_COMPARED: Final = 5000


def author_matches(author: Author, wanted: str) -> bool:
    """Whether this is the author: every word is part of one of the names, or it is exactly the id or the address.

    An id of several words is a name as well.

    Args:
        author: Who wrote.
        wanted: What was typed; an ``@`` before it does not count, nor the name in ``Name <address>``. What stands
            in angle brackets alone must be the whole name, id or address.
    """
    if wanted in (author.id, author.email):
        return True
    if is_exact(wanted):
        return fold(wanted[1:-1]) in map(fold, (author.id, author.email or "", author.name, *author.aliases))
    words = author_words(wanted)
    # The id of a user's own archived messages is the name that the archive gave them.
    name = f"{author.name} {author.id}" if " " in author.id else author.name
    names = (fold(one) for one in (name, *author.aliases))
    is_named = any(all(word in one for word in words) for one in names)
    return is_named or " ".join(words) in (fold(author.id), fold(author.email or ""))


def exactly(author: Author) -> str:
    """The filter that only this author passes."""
    return f"<{author.id or author.email or author.name}>"


def is_exact(wanted: str) -> bool:
    """Whether an author filter gives the whole name, id or address."""
    return wanted.startswith("<") and wanted.endswith(">")


def author_words(wanted: str) -> list[str]:
    """The folded words of an author filter, each of which has to occur."""
    opened, closed = wanted.find("<"), wanted.rfind(">")
    address = wanted[opened + 1 : closed] if 0 <= opened < closed else wanted
    return _storable(address).strip().lstrip("@").split()


def author_key(author: Author) -> str:
    """The key of an author in the index: name, id and address, folded."""
    return _storable("\n".join((author.name, author.id, author.email or "", *author.aliases)))


def display_title(conversation: Conversation) -> str:
    """The title of a conversation in answers: its own, else its people."""
    return conversation.title or ", ".join(conversation.participants)


def title_key(title: str) -> str:
    """A title folded for comparison as a whole."""
    return _storable(" ".join(title.split()).lstrip("#").strip())


def conversation_key(conversation: Conversation) -> str:
    """What an index of conversations holds to find parts in: the title and the people, folded."""
    return _storable("\n".join((conversation.title, *conversation.participants)))


def conversation_matches_text(conversation: Conversation, text: str) -> bool:
    """Whether all words of the text are part of the title or the people, or the text is part of the id."""
    names, words = conversation_key(conversation), text_words(text)
    return all(word in names for word in words) or " ".join(words) in fold(conversation.id)


def text_words(text: str) -> list[str]:
    """The folded words of a search in titles and people; each has to occur."""
    return _storable(text.strip().lstrip("#")).split()


def most_exact(conversations: Sequence[Conversation], said: str) -> list[Conversation]:
    """Those of several conversations of one folded title that are written as it was said.

    The same letters count more than the same but for case, and that more than the same but for accents.
    """
    wanted = _squeezed(said)
    # Two people may be called alike but for an accent; who typed it right means that one.
    for form in (str, str.casefold):
        nearest = [one for one in conversations if form(_squeezed(display_title(one))) == form(wanted)]
        if nearest:
            return nearest
    return list(conversations)


def nearest_names(wanted: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The names that have most pairs of letters in common with what was said, the nearest first."""
    pairs = _pairs(fold(wanted))
    ranked: list[tuple[float, str]] = []
    # A workspace may have a hundred thousand people, and this runs in the event loop.
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
    if "@" not in email or not _looks_like_another(author.name) or email.casefold() in author.name.casefold():
        return ""
    return email


@lru_cache(maxsize=4096)
def _looks_like_another(name: str) -> bool:
    """Whether a name is written like an address, or mixes letters that look alike."""
    # Letters of one script cannot be taken for those of another.
    if name.isascii():
        return "@" in name
    scripts = ({_script(sign) for sign in word if sign.isalpha()} for word in name.split())
    return "@" in name or any(len(found & _ALIKE) > 1 for found in scripts)


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
