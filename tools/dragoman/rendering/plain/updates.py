"""``get_updates`` as text: what is new, under a line for each conversation, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Message
from dragoman.core.times import as_of, format_minute
from dragoman.rendering.budget.fitting import Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import measure, one_line
from dragoman.rendering.plain.header import ACCOUNT_LIMIT, counted, header, place_reference, write_page
from dragoman.rendering.plain.lines import cut_text
from dragoman.rendering.plain.search import dated_line, group_line
from dragoman.rendering.views import ConversationKey, UpdatesView

_MOST_ACCOUNTS: Final = 12
_TOKENS: Final = 6
"""What the name of an account takes about."""


class UpdatesText(PageLayout):
    """News as message lines with their date."""

    def __init__(self, view: UpdatesView, zone: tzinfo, notice: str) -> None:
        """Take a view; nothing is laid out yet."""
        self.count = len(view.updates)
        self._view = view
        self._zone = zone
        self._notice = notice

    def costs(self, shares: TokenShares) -> Iterator[float]:
        """From the first on."""
        seen: set[ConversationKey] = set()
        for message, _ in self._view.updates:
            key = (message.account, message.conversation)
            cost = measure(self._line(message, shares) + "\n")
            # The counts are not known before all are chosen; two digits and one are the most that is likely.
            group = "" if key in seen else group_line(key, self._view.conversations, shares, counts(99, 9))
            yield cost + measure(f"{group}\n") if group else cost
            seen.add(key)

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        """The header, the groups, and the accounts that failed."""
        groups: dict[ConversationKey, list[tuple[Message, bool]]] = {}
        for message, edited in self._view.updates[:shown]:
            # What fits is cut first and counted then, so the counts are those of what is shown.
            groups.setdefault((message.account, message.conversation), []).append((message, edited))
        lines: list[str] = []
        for key, news in groups.items():
            lines.append(group_line(key, self._view.conversations, shares, counts(*_count(news))))
            lines += [self._line(message, shares) for message, _ in news]
        head, view = self._header(shown, len(groups), shares, cursor), self._view
        return write_page(head, lines, shares, notes=view.notes, failures=view.failures)

    def _line(self, message: Message, shares: TokenShares) -> str:
        return dated_line(message, cut_text(message, shares)[0], self._view.conversations, self._zone, shares)

    def _header(self, shown: int, groups: int, shares: TokenShares, cursor: str | None) -> str:
        where = f" in {counted(groups, 'conversation')}" if groups else ""
        times = [time for time in self._view.looked_at.values() if time is not None]
        return header(
            "updates",
            f"since {format_minute(self._view.since, self._zone)}",
            (counts(*_count(self._view.updates[:shown])) or "nothing new") + where,
            self._view.only and f"{self._view.only} only",
            self._looked_at(shares),
            f"times in {self._zone}",
            # The oldest one: of all accounts together nothing later is certain.
            as_of(min(times), self._zone) if times else "",
            self._notice,
            # A cursor is there in any case; the word says whether asking at once brings something.
            word="more" if self._view.more or shown < self.count else "next",
            cursor=cursor,
        )

    def _looked_at(self, shares: TokenShares) -> str:
        """``looked at mail, slack``: the accounts that answered, or the only conversation."""
        if self._view.within is not None:
            return f"looked at {place_reference(*self._view.within, shares)}"
        accounts = list(self._view.looked_at)
        most = min(_MOST_ACCOUNTS, max(1, int(shares.part / _TOKENS)))
        names = [one_line(name, ACCOUNT_LIMIT, shares.part) for name in accounts[:most]]
        if len(accounts) > most:
            names.append(counted(len(accounts) - most, "more account"))
        return f"looked at {', '.join(names)}" if names else ""


def counts(new: int, edited: int) -> str:
    """``12 new, 2 edited``."""
    return ", ".join(f"{number} {what}" for number, what in ((new, "new"), (edited, "edited")) if number)


def _count(news: Sequence[tuple[Message, bool]]) -> tuple[int, int]:
    edited = sum(edited for _, edited in news)
    return len(news) - edited, edited
