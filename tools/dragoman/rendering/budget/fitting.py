"""A view in one form, and how much of it fits into a budget."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from dragoman.rendering.budget.token_estimate import estimate

CURSOR_LENGTH: Final = 8
PLACEHOLDER: Final = "9qXVWCDQ"
"""Costs as much as any cursor of eight characters can."""

_SHARE_OF_TEXT: Final = 6
_SHARE_OF_PART: Final = 8
_SHARE_OF_REFERENCE: Final = 3
_SQUEEZES: Final = 12


@dataclass(frozen=True, slots=True)
class TokenShares:
    """Limits that make an answer fit, in tokens.

    Attributes:
        total: The whole answer.
        text: The text of one message.
        part: A title, a name, the marks of a message, a detail.
        reference: A reference; cut only when nothing else helps, because a cut one leads nowhere.
    """

    total: int
    text: float
    part: float
    reference: float

    @property
    def entries(self) -> int:
        """The most entries of one list of a message: files, reactions, labels."""
        return max(1, int(self.part / 4))


def share_plans(max_tokens: int) -> Iterator[TokenShares]:
    """Ways to share an answer out: first without cutting any text, then cutting more and more."""
    shares = TokenShares(
        total=max_tokens,
        text=max_tokens,
        part=max_tokens / _SHARE_OF_PART,
        reference=max_tokens / _SHARE_OF_REFERENCE,
    )
    yield shares
    shares = replace(shares, text=max_tokens / _SHARE_OF_TEXT)
    yield shares
    for _ in range(_SQUEEZES):
        # Texts give way first and references last: half a text is of use, half a reference is not.
        shares = replace(shares, text=shares.text * 0.6, part=shares.part * 0.7, reference=shares.reference * 0.8)
        yield shares


_SHARES: Final = (0.99, 0.96, 0.9, 0.75, 0.5)
_LEAST_TEXT: Final = 16
_HOPE: Final = 5
_HURRY: Final = 0.98
_LEAST_BUDGET: Final = 40
_MOST_BYTES: Final = 4
"""Bytes of a character. A token has at least one byte, so no text has more tokens than bytes."""

_SHOWN_BY_CLIENTS: Final = 12_000
"""Characters above which a widespread client cuts the middle out of an answer."""

_CHARACTERS: Final = 4
"""Characters for each token that was asked for, where more are asked for than that client shows."""

_CURSOR_SLACK: Final = 3
"""How many more tokens a cursor of eight characters can have than the placeholder."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a tool.

    Attributes:
        text: The text form, or the JSON form as compact JSON.
        data: The JSON form as an object, ``None`` for the text form.
        tokens: What it costs, by :func:`dragoman.rendering.estimate` or very nearly.
    """

    text: str
    data: dict[str, object] | None = None
    tokens: int = 0


class PageLayout(ABC):
    """One view, ready to be written with more or less of it."""

    count: int = 0
    """How many items there are."""

    single: bool = False
    """There is one message, and its text may take what everything else leaves."""

    uncut: bool = False
    """All of it is written, whatever it costs."""

    @abstractmethod
    def costs(self, shares: TokenShares) -> Iterator[float]:
        """About how many tokens each item takes; first the one that is shown in any case."""

    @abstractmethod
    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        """Write so many of the items down."""

    def next_offset(self, shares: TokenShares) -> int | None:
        """Where the rest of a long text begins, if there is one."""
        del shares
        return None


@dataclass(frozen=True, slots=True)
class Layout:
    """A view that was fitted into a budget.

    Attributes:
        shown: How many items are in the answer: of ``Order.LATEST`` the newest, else the first ones.
        needs_cursor: There is more than this answer shows.
        next_offset: For one long message: where its rest begins.
        tokens: What the answer costs, with a cursor if it needs one.
    """

    shown: int
    needs_cursor: bool
    next_offset: int | None
    page: PageLayout
    shares: TokenShares
    tokens: int
    _written: dict[str | None, Answer] = field(default_factory=dict["str | None", Answer], repr=False, compare=False)

    def answer(self, cursor: str | None) -> Answer:
        """The answer, with a cursor of at most 8 characters for what is left. Nobody may change it."""
        written = self._written.get(cursor)
        if written is None:
            # Only the last one is asked for again, and each holds the whole text.
            self._written.clear()
            written = replace(self.page.write(self.shown, self.shares, cursor), tokens=self.tokens)
            self._written[cursor] = written
        return written


@dataclass(frozen=True, slots=True)
class Fitted:
    """So many items, in so much room each: the answer with a cursor, and what it costs in tokens."""

    shown: int
    shares: TokenShares
    text: str
    tokens: int


def fit(page: PageLayout, max_tokens: int, size: int) -> Fitted:
    """How many items fit, and in how much room each.

    Args:
        page: The view.
        max_tokens: The budget.
        size: Characters of all its texts.

    Items are estimated, then the whole answer is. An answer that could be above the limit is counted, and made
    smaller until it is not. So is one of long words or rules, which has few tokens and more characters than clients
    show.
    """
    budget = max_tokens
    while True:
        fitted = _estimated_fit(page, budget, size)
        # Clients cut long answers in the middle, where nobody notices.
        # The share of the characters that an answer may have, as tokens of the budget.
        by_characters = -(-len(fitted.text) * max_tokens // max(_SHOWN_BY_CLIENTS, _CHARACTERS * max_tokens))
        tokens = max(_most_tokens(fitted.text, max_tokens), by_characters)
        if tokens <= max_tokens or budget <= _LEAST_BUDGET or page.uncut:
            return fitted
        # By the share that was too much: estimates are off by the same factor all over an answer.
        budget = max(_LEAST_BUDGET, min(budget - 1, int(budget * max_tokens / tokens * _HURRY)))


def _most_tokens(text: str, max_tokens: int) -> int:
    """The most tokens that an answer can cost with any cursor. Counted only where its bytes exceed the budget."""
    if len(text) * _MOST_BYTES <= max_tokens or len(text.encode("utf-8", "replace")) <= max_tokens:
        return 0
    from dragoman.rendering.budget.token_count import count  # noqa: PLC0415 - its table is read for this only

    return count(text) + _CURSOR_SLACK


def _estimated_fit(page: PageLayout, max_tokens: int, size: int) -> Fitted:
    plans = share_plans(max_tokens)
    shares = TokenShares(max_tokens, 0, 0, 0)
    if not page.single:
        shares = next(plans)
        # Writing a page of hundreds of long mails only to throw it away takes seconds.
        if size <= max_tokens * _HOPE:
            fitted = _written(page, page.count, shares)
            if fitted.tokens <= max_tokens:
                return fitted
    for shares in plans:
        found = _fit_text(page, shares) if page.single else _fit_items(page, shares)
        if found is not None:
            return found
    return _written(page, min(page.count, 1), shares)


def _fit_text(page: PageLayout, shares: TokenShares) -> Fitted | None:
    """Give the one text all that the rest leaves, if that is enough to be worth it."""
    left = shares.total - _written(page, 1, replace(shares, text=0)).tokens
    if left < _LEAST_TEXT:
        return None
    for share in _SHARES:
        fitted = _written(page, 1, replace(shares, text=left * share))
        if fitted.tokens <= shares.total:
            return fitted
    return None


def _fit_items(page: PageLayout, shares: TokenShares) -> Fitted | None:
    """Take the items whose costs add up to what there is; give up some more until the answer fits."""
    shown = _most(page, shares)
    while True:
        fitted = _written(page, shown, shares)
        if fitted.tokens <= shares.total:
            return fitted
        if shown <= 1:
            return None
        shown -= max(1, int(shown * (fitted.tokens - shares.total) / fitted.tokens))


def _written(page: PageLayout, shown: int, shares: TokenShares) -> Fitted:
    text = page.write(shown, shares, PLACEHOLDER).text
    return Fitted(shown, shares, text, estimate(text))


def _most(page: PageLayout, shares: TokenShares) -> int:
    left = float(shares.total - _written(page, 0, shares).tokens)
    shown = 0
    for cost in page.costs(shares):
        left -= cost
        if left < 0:
            break
        shown += 1
    return max(shown, min(page.count, 1))
