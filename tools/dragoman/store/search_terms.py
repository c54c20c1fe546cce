"""A term of a query -> what an index has to hold for it; the same for every database.

A term is looked for in two steps: exactly, as it was typed; and loosely, as the beginning of a word or a piece of an
identifier. Forms that are joined by signs (``10.0.0.1``, ``build_48``) match only the same sequence of parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.queries import Term
from dragoman.core.safe_text import Sentence, sentence
from dragoman.store import index_terms

_LETTER_OR_DIGIT: Final = lazy_pattern(r"[^\W_]")
_SEPARATORS: Final = lazy_pattern(r"[\W_]+")
_EDGE: Final = lazy_pattern(r"^[-!*/_`~]+(?=\w)|(?<=[^\W_])[-*/_`~]+$")
_VERSION: Final = lazy_pattern(r"v?[0-9]++")
_DECISIVE: Final = 3
"""Letters of a word that says enough without the signs beside it."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a term asks of an index.

    Attributes:
        words: Lexemes of the body, one after the other.
        signs: Lexemes of the parts, all of them.
        open_ended: The last word is the beginning of one.
        loosely_open: It may be the beginning of one in the loose step.
        loosely_signed: The loose step asks for the signs as well.
        pieces: Lexemes of the parts, one after the other, of which the loose step accepts the text as well.
        joined: In the loose step the parts must follow each other in the text, see :func:`follows`.
        version: Lexemes of the other spelling of a version number (``v1.2.3``, ``1.2.3``), one after the other. The
            loose step accepts them as well.
    """

    words: tuple[str, ...]
    signs: tuple[str, ...] = ()
    open_ended: bool = False
    loosely_open: bool = False
    loosely_signed: bool = True
    pieces: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    version: tuple[str, ...] = ()

    @property
    def has_loose_step(self) -> bool:
        """Whether the loose step finds more than the exact one."""
        return self.loosely_open or bool(self.pieces or self.version) or not self.loosely_signed


def pattern_of(term: Term) -> Pattern | None:
    """What a term asks for; ``None`` when there is nothing in it that an index holds."""
    asked = index_terms.query_words(term.text)
    words, cut_off = asked.lexemes, asked.cut_off
    signs = tuple(index_terms.query_signs(term.text))
    if not words and not signs:
        return None
    # Who writes quotes wants exactly that, and signs alone have no looser form.
    if term.phrase or not words:
        return Pattern(tuple(words), signs, open_ended=cut_off)
    parts = index_terms.joined_parts(term.text)
    joined = tuple(parts) if len(parts) > 1 else ()
    open_ended = cut_off or term.beginning
    last = parts[-1] if parts else ""
    return Pattern(
        words=tuple(words),
        signs=signs,
        open_ended=open_ended,
        # A letter or two begin so many words that looking them all up tells nothing and takes long.
        loosely_open=not (open_ended or asked.unspaced or len(last) < _DECISIVE or (joined and last.isdigit())),
        loosely_signed=not any(len(part) >= _DECISIVE for part in parts),
        # Threes of digits of a date or an address would stand in any long number.
        pieces=() if joined and all(map(str.isdigit, joined)) else tuple(index_terms.pieces_of(term.text)),
        joined=joined,
        version=_other_version(joined),
    )


def follows(pattern: Pattern, folded: str) -> bool:
    """Do the parts of a joined term follow each other in a folded text, with signs between them.

    The first may be the end of a word, and the last the beginning of one.
    """
    forms = filter(None, (pattern.joined, pattern.version))
    return not pattern.joined or any(_joined_expression(form).search(folded) is not None for form in forms)


def is_literal(term: Term, text: str) -> bool:
    """Whether a text holds a term letter for letter, without regard to case."""
    return term.text.casefold() in text.casefold()


def unsearched(term: Term) -> Sentence:
    """A sentence about the signs of a term that are not searched; empty when all are."""
    bare = _EDGE.sub("", term.text)
    if term.phrase or bare == term.text or not _LETTER_OR_DIGIT.search(bare):
        return ""
    return sentence("{} was searched as {}.", term.text, bare)


def _other_version(joined: tuple[str, ...]) -> tuple[str, ...]:
    """A version number without its ``v``, or with one; nothing for what cannot be a version number."""
    if not joined or not _VERSION.fullmatch(joined[0]) or not all(map(str.isdigit, joined[1:])):
        return ()
    first = joined[0]
    return (first[1:] if first[0] == "v" else f"v{first}", *joined[1:])


def _joined_expression(parts: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"[\W_]{1,4}".join(map(re.escape, parts)))
