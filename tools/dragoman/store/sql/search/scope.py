"""Where and what a search is about beside its words: filters -> lexemes of the index, SQL and checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dragoman.core.folding import fold
from dragoman.core.model import Message
from dragoman.core.names import nearest_names
from dragoman.core.queries import Filter, SearchQuery, Term
from dragoman.core.safe_text import SafeText, Sentence, join, quote, sentence
from dragoman.store import index_terms
from dragoman.store.search_terms import pattern_of
from dragoman.store.sql.connection import UNKNOWN, Condition, Connection, Value, to_us
from dragoman.store.sql.messages import conversations, rows
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.search.expression import Expression, exact, lexeme

if TYPE_CHECKING:
    from dragoman.store.sql.messages.by_author import Authors

_MOST_NAMES: Final = 5000
_FACTS: Final = (
    "SELECT coalesce((SELECT max(number) FROM $messages), 0), EXISTS(SELECT 1 FROM $places WHERE account < ?)"
    " OR EXISTS(SELECT 1 FROM $places WHERE account > ?), next, total FROM index_builds WHERE prefix = ?"
)


class NothingThereError(Exception):
    """No message can pass the filters; the sentence says why, where that is worth telling."""

    def __init__(self, reason: Sentence = "") -> None:
        super().__init__(reason)
        self.reason: Sentence = reason


@dataclass(slots=True)
class Scope:
    """What a search is narrowed to.

    Attributes:
        required: Expressions for the index, all of which must match.
        excluded: Expressions for the index, none of which may match.
        conditions: What else the table of messages tells.
        checks: What has to be seen in the message itself.
        authors: The authors, where it is narrowed to some.
        people: What was asked for of their names, and whom each fits.
        not_by: Authors whose messages are left out.
        place: The conversation, where it is narrowed to one.
        address: Account and id of that conversation.
    """

    required: list[Expression] = field(default_factory=list["Expression"])
    excluded: list[Expression] = field(default_factory=list["Expression"])
    conditions: list[Condition] = field(default_factory=list[Condition])
    checks: list[Callable[[Message], bool]] = field(default_factory=list[Callable[[Message], bool]])
    authors: Authors | None = None
    people: list[tuple[str, Authors]] = field(default_factory=list["tuple[str, Authors]"])
    not_by: list[Authors] = field(default_factory=list["Authors"])
    place: int | None = None
    address: tuple[str, str] | None = None


def sql_of(conditions: Iterable[Condition]) -> tuple[str, list[Value]]:
    """The conditions, each after an AND, and their values."""
    found = list(conditions)
    return "".join(f" AND {sql}" for sql, _ in found), [value for _, values in found for value in values]


def scope_of(con: Connection, table: MessageTable, query: SearchQuery, account: str, facts: SearchFacts) -> Scope:
    """What a query is narrowed to.

    Raises:
        NothingThereError: No message can pass.
    """
    scope = Scope()
    _narrow_place(con, table, query, account, scope, has_others=facts.has_others)
    _narrow_time(query, scope)
    if query.author:
        _narrow_author(con, table, Filter("from", query.author), scope)
    for one in query.filters:
        _narrow(con, table, account, one, scope)
    return scope


@dataclass(frozen=True, slots=True)
class SearchFacts:
    """What each search has to know of the tables, read with one statement.

    Attributes:
        newest: The highest number of a message.
        has_others: There are conversations of other accounts.
        share_indexed: How much of the index is there, from 0 to 1.
    """

    newest: int
    has_others: bool
    share_indexed: float

    @classmethod
    def of(cls, con: Connection, table: MessageTable, account: str) -> SearchFacts:
        """Read them for a search in an account."""
        newest, has_others, following, total = con.execute(
            table.tables.sql(_FACTS), (account, account, table.tables.prefix)
        ).get
        return cls(newest, bool(has_others), 1 - following / total if following else 1.0)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """How the matches of an index are narrowed: a set of few is sooner made than each match is looked up.

    Attributes:
        rows: SQL about a row ``i`` of the index, which needs no message.
        messages: SQL about a message ``m``.
        checks: What is seen in the messages of a page, because nearly all pass.
    """

    rows: list[Condition]
    messages: list[Condition]
    checks: list[Callable[[Message], bool]]


def narrowing_of(con: Connection, table: MessageTable, scope: Scope, *, of_few: bool) -> Narrowing:
    """The cheapest way to apply a scope to the matches of an index.

    Args:
        con: A connection.
        table: Where they are.
        scope: What to apply.
        of_few: There will hardly be many matches, so that the author of each can be looked at.
    """
    found = Narrowing([], list(scope.conditions), list(scope.checks))
    for authors in scope.not_by:
        _narrow_to_authors(con, table, authors, found, "NOT ", of_few=of_few)
    if scope.authors is not None:
        _narrow_to_authors(con, table, scope.authors, found, "", of_few=of_few)
    if scope.place is not None:
        _narrow_to_place(con, table, scope, scope.place, found)
    return found


def _narrow_to_authors(
    con: Connection, table: MessageTable, authors: Authors, found: Narrowing, negation: str, *, of_few: bool
) -> None:
    from dragoman.store.sql.messages import by_author  # noqa: PLC0415  # takes time, and few searches name people

    numbers = None if of_few else by_author.numbers_of(con, table.tables, authors)
    if numbers is not None:
        # The sign keeps SQLite from searching the index once for each number of the set.
        found.rows.append((f"+i.rowid {negation}IN ({numbers[0]})", numbers[1]))
        return
    condition, values = authors.condition_of_few if of_few else authors.condition
    found.messages.append((f"{negation}{condition}", values))


def require_authors(con: Connection, table: MessageTable, scope: Scope, account: str) -> None:
    """Make sure that somebody is called as is asked for.

    Raises:
        NothingThereError: Nobody is.
    """
    for name, authors in scope.people:
        if not authors.exist:
            raise NothingThereError(_nobody(con, table, account, name))


def _narrow_to_place(con: Connection, table: MessageTable, scope: Scope, place: int, found: Narrowing) -> None:
    from dragoman.store.sql.messages import by_author  # noqa: PLC0415  # as above, for places

    alone = scope.authors is None
    messages = conversations.message_count(con, table.tables, place)
    if alone and messages <= by_author.FEW:
        few = "SELECT number FROM $messages @by_time WHERE place = ? AND live = 1"
        found.rows.append((f"+i.rowid IN ({few})", (place,)))
    elif alone and messages * 2 >= (con.execute(table.tables.sql("SELECT max(number) FROM $messages")).get or 0):
        found.checks.append(lambda message: (message.account, message.conversation) == scope.address)
    else:
        found.messages.append(("m.place = ?", (place,)))


def _narrow(con: Connection, table: MessageTable, account: str, one: Filter, scope: Scope) -> None:
    if one.name == "from":
        _narrow_author(con, table, one, scope)
    elif one.name == "subject":
        _narrow_subject(one, scope)
    elif one.name == "in":
        place = conversations.key(con, table.tables, account, one.value)
        if place is None and not one.negated:
            raise NothingThereError
        # No conversation has the number 0, so leaving out an unknown one leaves out nothing.
        scope.conditions.append((f"m.place {'<>' if one.negated else '='} ?", (place or 0,)))
    else:
        lexemes = {"has:file": index_terms.HAS_FILE, "has:link": index_terms.HAS_LINK}
        word = lexemes.get(f"{one.name}:{one.value}") or index_terms.label_scope(one.value)
        (scope.excluded if one.negated else scope.required).append(lexeme(word))


def _narrow_place(
    con: Connection, table: MessageTable, query: SearchQuery, account: str, scope: Scope, *, has_others: bool
) -> None:
    if query.conversation is not None:
        scope.place = conversations.key(con, table.tables, account, query.conversation)
        if scope.place is None:
            raise NothingThereError
        scope.address = account, query.conversation
    elif has_others:
        # Not by a word of the index: ranking would count all messages of the account for each search.
        scope.conditions.append(("(SELECT p.account FROM $places p WHERE p.place = m.place) = ?", (account,)))


def _narrow_time(query: SearchQuery, scope: Scope) -> None:
    if query.since is not None:
        scope.conditions.append(("m.moment >= ?", (to_us(query.since),)))
    if query.until is not None:
        # What has no time is in no span of time.
        scope.conditions.append(("m.moment < ? AND m.moment > ?", (to_us(query.until), UNKNOWN)))


def _narrow_author(con: Connection, table: MessageTable, one: Filter, scope: Scope) -> None:
    from dragoman.store.sql.messages import by_author  # noqa: PLC0415  # as above

    authors = by_author.authors_like(con, table.tables, one.value)
    if one.negated:
        scope.not_by.append(authors)
        return
    scope.people.append((one.value, authors))
    scope.authors = authors if scope.authors is None else scope.authors.and_also(authors)


def _narrow_subject(one: Filter, scope: Scope) -> None:
    wanted = fold(one.value).strip()
    scope.checks.append(lambda message: (wanted in fold(message.subject or "")) is not one.negated)
    pattern = pattern_of(Term(one.value, phrase=True))
    if pattern is not None and not one.negated:
        scope.required.append(exact(pattern))


def _nobody(con: Connection, table: MessageTable, account: str, wanted: str) -> SafeText:
    """Says that nobody is called so, and who is called nearly so and has written in the account."""
    found = con.execute(table.tables.sql("SELECT author, data FROM $authors LIMIT ?"), (_MOST_NAMES,))
    names: dict[str, int] = {}
    for author, data in found:
        names.setdefault(rows.from_author_json(data).name, author)
    near = [name for name in nearest_names(wanted, names, 10) if _has_written(con, table, account, names[name])][:3]
    nobody = sentence("Nobody called {} wrote here.", quote(wanted))
    return sentence("{} Nearest names: {}.", nobody, join(near)) if near else nobody


def _has_written(con: Connection, table: MessageTable, account: str, author: int) -> bool:
    statement = (
        "SELECT EXISTS(SELECT 1 FROM $messages m @by_author @join $places p USING(place)"
        " WHERE m.author = ? AND m.live = 1 AND p.account = ?)"
    )
    return bool(con.execute(table.tables.sql(statement), (author, account)).get)
