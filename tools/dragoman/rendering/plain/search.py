"""``search_messages`` as text: hits under a line for each conversation, best first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Final

from dragoman.core.model import Conversation, Hit, Message
from dragoman.core.times import as_of, date_and_clock
from dragoman.rendering.budget.fitting import Answer, PageLayout, TokenShares
from dragoman.rendering.budget.token_estimate import measure, one_line
from dragoman.rendering.content.highlights import highlighted_excerpt
from dragoman.rendering.plain.header import (
    ACCOUNT_LIMIT,
    BETWEEN,
    counted,
    header,
    place_reference,
    repeated,
    title,
    write_page,
)
from dragoman.rendering.plain.lines import author_line, badges, indent, message_handle, parent_handle
from dragoman.rendering.views import ConversationKey, Searched, SearchView

_MOST_ACCOUNTS: Final = 6


class SearchText(PageLayout):
    """Hits as message lines with their date."""

    def __init__(self, view: SearchView, zone: tzinfo, notice: str) -> None:
        """Take a view; nothing is laid out yet."""
        self.count = len(view.hits)
        self._view = view
        self._zone = zone
        self._notice = notice

    def costs(self, shares: TokenShares) -> Iterator[float]:
        """From the best on."""
        seen: set[tuple[str, str]] = set()
        for hit in self._view.hits:
            key = (hit.message.account, hit.message.conversation)
            cost = measure(self._line(hit, shares) + "\n")
            yield cost if key in seen else cost + measure(self._group(key, shares) + "\n")
            seen.add(key)

    def write(self, shown: int, shares: TokenShares, cursor: str | None) -> Answer:
        """The header, the groups in the order of their best hit, and the accounts that failed."""
        groups: dict[tuple[str, str], list[str]] = {}
        for hit in self._view.hits[:shown]:
            key = (hit.message.account, hit.message.conversation)
            # A dict keeps the order of the first hits, so the best hit leads its conversation to the top.
            groups.setdefault(key, [self._group(key, shares)]).append(self._line(hit, shares))
        lines = [line for group in groups.values() for line in group]
        head, view = self._header(shown, shares, cursor), self._view
        return write_page(head, lines, shares, notes=view.notes, failures=view.failures)

    def _line(self, hit: Hit, shares: TokenShares) -> str:
        text = highlighted_excerpt(hit, message_handle(hit.message, shares), shares.text, indent)
        return dated_line(hit.message, text, self._view.conversations, self._zone, shares)

    def _group(self, key: ConversationKey, shares: TokenShares) -> str:
        return group_line(key, self._view.conversations, shares)

    def _header(self, shown: int, shares: TokenShares, cursor: str | None) -> str:
        # The oldest one: of all accounts together nothing later is certain.
        times = [one.as_of for one in self._view.searched if one.as_of is not None]
        return header(
            counted(shown, "hit"),
            *covered(self._view.searched, self._zone, shares),
            f"times in {self._zone}",
            as_of(min(times), self._zone) if times else "",
            self._notice,
            cursor=cursor,
        )


def group_line(
    key: ConversationKey, conversations: Mapping[ConversationKey, Conversation], shares: TokenShares, *facts: str
) -> str:
    """``# title · ref``: the line above the messages of a conversation."""
    # A title that begins with the sign would look like a heading of another depth.
    named = title(conversations.get(key, Conversation(id=key[1])), shares).lstrip("#")
    return f"# {BETWEEN.join(part for part in (named, place_reference(*key, shares), *facts) if part)}"


def dated_line(
    message: Message,
    text: str,
    conversations: Mapping[ConversationKey, Conversation],
    zone: tzinfo,
    shares: TokenShares,
) -> str:
    """A message line with its date; ``text`` is laid out already."""
    time = " ".join(date_and_clock(message.sent_at, zone)).lstrip()
    called = message_handle(message, shares)
    prefix = f">{called} re {parent_handle(message, shares)}" if message.reply_to is not None else called
    # A mail whose subject is the title of its thread would say it twice.
    known = conversations.get((message.account, message.conversation))
    hidden_subjects = repeated([message], known.title) if known else frozenset[str]()
    name = author_line(message, badges(message, message.replies, shares, hidden_subjects), shares)
    return f"{prefix} {time} {name}: {text}" if text else f"{prefix} {time} {name}:"


def covered(searched: Sequence[Searched], zone: tzinfo, shares: TokenShares) -> Iterator[str]:
    """``local: everything in the local index`` for each account."""
    # Each takes about a dozen tokens of a header that has to leave room for hits.
    most = min(_MOST_ACCOUNTS, max(1, int(shares.part / 12)))
    for one in searched[:most]:
        where = one_line(one.where, 40, shares.part)
        oldest = date_and_clock(one.back_to, zone)[0]
        back = f"{where} back to {oldest}" if oldest else f"everything in the {where}"
        if one.held is not None:
            back = f"{where}: {one.held[0]} of {counted(one.held[1], 'conversation')}"
            back += f", back to {oldest}" if oldest else ""
        yield f"{one_line(one.account, ACCOUNT_LIMIT, shares.part)}: {back}"
    if len(searched) > most:
        yield f"{counted(len(searched) - most, 'more account')}"
