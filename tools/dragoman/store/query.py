"""What a person typed -> what the full-text index understands.

Words must all occur, ``"a phrase"`` in that order, ``-word`` not at all; ``word*`` is the beginning of a word.
Everything else is plain text: nothing that is typed can be an error of syntax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.store import index_terms

LONGEST: Final = 1000
_MOST: Final = 32
_ITEM: Final = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')
_QUOTES: Final = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\uff02", '"'))
_LETTERS: Final = re.compile(r"[^\W_]+")
_SCOPE: Final = re.compile(r"(?:p\d*|a[0-9a-f]*)")
_SEARCHABLE: Final = re.compile(f"[^\\W_]|[{index_terms.UNSPACED}\U000f0000-\U000fffff]")


@dataclass(frozen=True, slots=True)
class Query:
    """A query for the index, in two steps.

    Attributes:
        exact: Matches texts that hold every word as it was typed.
        loose: Matches further ones, where words begin so or are pieces of identifiers; ``None`` when there are none.
        words: What was looked for, to be shown in the texts.
    """

    exact: str
    loose: str | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    folded: str
    excluded: bool
    phrase: bool
    prefix: bool


def parse(text: str) -> Query:
    """Understand a query.

    Raises:
        InvalidArgument: There is nothing in it to look for, or too much.
    """
    if len(text) > LONGEST:
        raise InvalidArgument(f"The query is longer than {LONGEST:,} characters.", hint="Use a few telling words.")
    items = _items(text)
    wanted = [item for item in items if not item.excluded]
    if not wanted:
        raise InvalidArgument(
            "The query has no word to look for.", hint="Use at least one word, number or emoji that is not excluded."
        )
    if len(items) > _MOST:
        raise InvalidArgument(f"The query has more than {_MOST} words.", hint="Use a few telling words.")
    return _query(wanted, [item for item in items if item.excluded])


def advice(text: str) -> str:
    """What would find more than a query does, as a sentence; empty when nothing would."""
    for item in _items(text):
        if _single(item) and not (item.excluded or item.phrase or item.prefix):
            return f"{item.text} alone finds only that word, {item.text}* finds all that begin so"
    return ""


def _query(wanted: list[_Item], excluded: list[_Item]) -> Query:
    exact = " AND ".join(_exact(item) for item in wanted)
    loose = " AND ".join(_loose(item) for item in wanted)
    without = f" NOT ({' OR '.join(_exact(item) for item in excluded)})" if excluded else ""
    return Query(
        exact=f"({exact}){without}",
        loose=None if loose == exact else f"({loose}) NOT ({exact}){without}",
        words=tuple(item.text for item in wanted),
    )


def _items(text: str) -> list[_Item]:
    found = map(_item, _ITEM.finditer(text.translate(_QUOTES)))
    return [item for item in found if _SEARCHABLE.search(item.folded)]


def _single(item: _Item) -> bool:
    """A single letter begins so many words that looking them all up tells nothing and takes long."""
    return len(item.folded.strip()) < 2 and not index_terms.query_body(item.folded)[1]  # noqa: PLR2004 - said above


def _item(found: re.Match[str]) -> _Item:
    minus, phrase, word = found.groups()
    text: str = word if phrase is None else phrase
    return _Item(
        text=text.rstrip("*"),
        folded=index_terms.fold(text),
        excluded=bool(minus) and not text.startswith("-"),
        phrase=phrase is not None,
        prefix=phrase is None and text.endswith("*"),
    )


def _exact(item: _Item) -> str:
    spelled, open_ended = index_terms.query_body(item.folded)
    return _in_body(spelled, prefix=open_ended or item.prefix)


def _loose(item: _Item) -> str:
    if item.phrase or _single(item):
        return _exact(item)
    spelled, _ = index_terms.query_body(item.folded)
    found = _in_body(spelled, prefix=True)
    pieces = index_terms.pieces_of(item.text)
    return f"({found} OR parts : {_quoted(pieces, prefix=False)})" if pieces else found


def _in_body(spelled: str, *, prefix: bool) -> str:
    # Asking for one column costs a quarter more, and the others hold only pieces of three letters and scopes.
    elsewhere = all(len(word) <= index_terms.PIECE or _SCOPE.fullmatch(word) for word in _LETTERS.findall(spelled))
    return f"{'body : ' if elsewhere else ''}{_quoted(spelled, prefix=prefix)}"


def _quoted(text: str, *, prefix: bool) -> str:
    inert = text.replace('"', " ").replace("\0", " ")
    return f'"{inert}" *' if prefix else f'"{inert}"'
