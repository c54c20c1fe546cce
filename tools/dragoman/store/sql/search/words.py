"""The words of a query, and which messages hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dragoman.core.folding import fold
from dragoman.core.model import Message
from dragoman.core.queries import Expression, Term
from dragoman.core.safe_text import Sentence, safe
from dragoman.store import index_terms
from dragoman.store.search_terms import Pattern, follows, is_literal, pattern_of, unsearched
from dragoman.store.sql.messages.rows import searched_text
from dragoman.store.sql.search import expression as expressions


@dataclass(frozen=True, slots=True)
class SearchWords:
    """The words of a query as patterns; terms without anything to look for are left out.

    Attributes:
        terms: As they were typed, in groups of which a message holds one each.
        groups: What each asks of the index.
        excluded: What no message may hold.
        notes: Sentences about signs that are not searched.
    """

    terms: tuple[tuple[Term, ...], ...]
    groups: tuple[tuple[Pattern, ...], ...]
    excluded: tuple[Pattern, ...]
    notes: tuple[Sentence, ...]

    @classmethod
    def of(cls, expression: Expression) -> SearchWords:
        """The words of an expression."""
        found = [[(term, pattern) for term in group if (pattern := pattern_of(term))] for group in expression.wanted]
        excluded = [pattern for term in expression.excluded if (pattern := pattern_of(term))]
        told: Iterator[Sentence] = (unsearched(term) for group in found for term, _ in group)
        return cls(
            terms=tuple(tuple(term for term, _ in group) for group in found if group),
            groups=tuple(tuple(pattern for _, pattern in group) for group in found if group),
            excluded=tuple(excluded),
            notes=tuple(safe(note) for note in told if note),
        )

    def steps(self) -> list[expressions.Expression]:
        """What to look for in the index, one after the other."""
        exact = expressions.all_groups(self.groups, expressions.exact)
        loose = expressions.all_groups(self.groups, expressions.loose)
        # Without the exact matches, so that no message comes twice.
        return [exact] if loose == exact else [exact, expressions.Without(loose, exact)]

    def are_literal_in(self, text: str) -> bool:
        """Whether a text holds a term of each group letter for letter."""
        return all(any(is_literal(term, text) for term in group) for group in self.terms)

    def are_joined_in(self, message: Message) -> bool:
        """Do the parts of joined terms follow each other in a message."""
        folded = fold(searched_text(message)[: index_terms.INDEXED])
        return all(any(follows(pattern, folded) for pattern in group) for group in self.groups)

    @property
    def are_joined(self) -> bool:
        """Whether there is a joined term that the loose step could take apart."""
        return any(pattern.joined and pattern.pieces for group in self.groups for pattern in group)

    @property
    def are_ascii(self) -> bool:
        """Whether all terms are ASCII, so that only other texts can hold them in other letters."""
        return all(term.text.isascii() for group in self.terms for term in group)
