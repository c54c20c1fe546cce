"""The parsed query of a search, with its operators resolved and the parameters of the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, LiteralString

from dragoman.core.errors import InvalidArgument
from dragoman.core.folding import fold
from dragoman.core.model import Conversation
from dragoman.core.queries import Expression, Filter, SearchQuery
from dragoman.core.query_parser import Operator, ParsedQuery, parse_query
from dragoman.core.safe_text import SafeText, Sentence, join, safe, sentence, unquoted
from dragoman.rendering.views import Failure
from dragoman.toolset.addressing.people import ANYBODY, author_filter
from dragoman.toolset.paging.filters import UNREAD

if TYPE_CHECKING:
    from dragoman.accounts.account import Account
    from dragoman.accounts.workspace import Workspace
    from dragoman.toolset.definition.context import CallContext

_HAS: Final = {"file": "file", "files": "file", "attachment": "file", "attachments": "file",
               "link": "link", "links": "link", "url": "link"}  # fmt: skip
_PARAMETERS: Final[Mapping[str, LiteralString]] = {
    "from": "author={}", "in": "conversation={}", "since": "since={}", "after": "since={}", "until": "until={}",
    "before": "until just before {}", "on": "since={0} until={0}",
}  # fmt: skip
_TIMES: Final = frozenset({"before", "after", "on", "since", "until"})

Window = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuestion:
    """A search as it is meant.

    Attributes:
        text: The words as they were typed.
        expression: The words.
        author: The author filter, as it was typed.
        since: Not before this time.
        until: Before this time.
        filters: Conditions that mean the same for every account.
        inside: The conversations in which a message has to be, all of them.
        outside: The conversations in which it must not be.
        notes: Sentences about how the query was read.
        failures: The accounts that could not be asked for a title.
    """

    text: str
    expression: Expression
    author: str | None
    since: datetime | None
    until: datetime | None
    filters: tuple[Filter, ...]
    inside: tuple[Conversation, ...]
    outside: tuple[Conversation, ...]
    notes: tuple[Sentence, ...]
    failures: tuple[Failure, ...]

    @property
    def has_words(self) -> bool:
        """Whether the query has words, and not only filters."""
        return bool(self.expression.wanted)

    @property
    def account(self) -> str | None:
        """The only account in which a message can be; ``None`` is any."""
        return self.inside[0].account if self.inside else None

    @property
    def narrowed_by(self) -> list[tuple[str, bool]]:
        """The filters of a search, and which of them are set."""
        names = {one.name for one in self.filters}
        return [
            ("the conversation", bool(self.inside or self.outside)),
            ("the author", self.author is not None or "from" in names),
            ("the times", self.since is not None or self.until is not None),
            ("has:", "has" in names),
            ("is:unread", "is" in names),
            ("subject:", "subject" in names),
            ("label:", "label" in names),
        ]

    async def for_account(self, account: Account, limit: int) -> tuple[SearchQuery, SearchQuery, tuple[Sentence, ...]]:
        """The query for the provider, the one that its messages have to pass, and notes."""
        author = ANYBODY if self.author is None else await author_filter(account, self.author)
        asked, exact = list(self.filters), list(self.filters)
        notes: list[Sentence] = [author.note]
        for index, one in enumerate(self.filters):
            if one.name == "from":
                person = await author_filter(account, one.value)
                asked[index] = Filter("from", person.asked or "", one.negated)
                exact[index] = Filter("from", person.exact or "", one.negated)
                notes.append(person.note)
        # A service can be asked for one conversation; what else was named is checked on what it finds.
        here = [Filter("in", one.id) for one in self.inside[1:]]
        elsewhere = [Filter("in", one.id, negated=True) for one in self.outside if one.account == account.name]
        queries = [
            SearchQuery(
                text=self.text,
                expression=self.expression,
                conversation=self.inside[0].id if self.inside else None,
                author=person,
                since=self.since,
                until=self.until,
                filters=(*filters, *here, *elsewhere),
                limit=limit,
            )
            # A service is asked by an id, which its answers may not show; those have to pass by the name.
            for person, filters in ((author.asked, asked), (author.exact, exact))
        ]
        return queries[0], queries[1], tuple(note for note in notes if note)


async def read_question(
    call: CallContext, query: str, conversation: str | None, author: str | None, window: Window
) -> SearchQuestion:
    """Take a query apart, and resolve what its operators name.

    Args:
        call: Who asks.
        query: What was typed.
        conversation: The parameter of that name.
        author: The parameter of that name.
        window: The parameters ``since`` and ``until``.

    Raises:
        InvalidArgument: The times leave nothing.
        NotFound: There is no such conversation.
    """
    parsed = parse_query(query, lambda operator: _is_understood(call, operator))
    failures: dict[str, Failure] = {}
    titles = [("", conversation, False)] if conversation else []
    titles += [(one.text, one.value, one.negated) for one in parsed.operators if one.name == "in"]
    inside, outside = list[Conversation](), list[Conversation]()
    for _, title, negated in titles:
        found = await _conversation(call.workspace, title, failures)
        (outside if negated else inside).append(found)
    if len({one.account for one in inside}) > 1:
        raise InvalidArgument("A message cannot be in conversations of two accounts.", hint="Leave one of them out.")
    people = [one for one in parsed.operators if one.name == "from"]
    # The parameter counts more; then the operator is one more condition.
    first = next((one.value for one in people if not one.negated), None) if author is None else None
    since, until = _window(call, parsed, window)
    return SearchQuestion(
        text=parsed.text,
        expression=parsed.expression,
        author=author if author is not None else first,
        since=since,
        until=until,
        filters=tuple(_filters(parsed.operators, first)),
        # The same conversation may have been named twice, by parameter and operator.
        inside=tuple({(one.account, one.id): one for one in inside}.values()),
        outside=tuple(outside),
        notes=(*parsed.notes, *_read_as(parsed.operators)),
        failures=tuple(failures.values()),
    )


def nothing_found(question: SearchQuestion) -> list[SafeText]:
    """Advice after a search without hits: which change would find more."""
    wanted, excluded = question.expression.wanted, question.expression.excluded
    notes: list[SafeText] = []
    if excluded:
        words = join((term.text for term in excluded), " or ")
        notes.append(sentence("Messages with {} were excluded.", words))
    if any(one.name == "is" for one in question.filters):
        notes.append(safe("is:unread finds only what an account marks as unread."))
    # What was given by mistake most often comes first.
    advice: list[SafeText] = []
    if len(wanted) > 1:
        advice.append(safe("fewer words, or OR between them, because all have to occur"))
    if any(term.phrase for group in wanted for term in group):
        advice.append(safe("words without quotes"))
    narrowed = [name for name, is_set in question.narrowed_by if is_set]
    if narrowed:
        advice.append(sentence("the same without {}", join(map(unquoted, narrowed))))
    if not advice:
        advice.append(safe("another word or spelling, or the beginning of one with *"))
    return [*notes, sentence("Try {}.", join(advice, "; or "))]


def _read_as(operators: Sequence[Operator]) -> list[SafeText]:
    """A sentence that names the parameters which mean the same as operators."""
    read = [one for one in operators if one.name in _PARAMETERS and not one.negated]
    return [sentence("Read as {}.", join(sentence(_PARAMETERS[one.name], one.value) for one in read))] if read else []


async def _conversation(workspace: Workspace, title: str, failures: dict[str, Failure]) -> Conversation:
    from dragoman.toolset.addressing.resolve import resolve_for_reading  # noqa: PLC0415  # few queries name one

    found, unreachable = await resolve_for_reading(workspace, title)
    failures.update({one.account: one for one in unreachable})
    return found


def _filters(operators: Sequence[Operator], author: str | None) -> list[Filter]:
    """The operators that are no parameter; ``author`` is the value of the one that became one."""
    filters: list[Filter] = []
    for one in operators:
        # Only the first becomes the parameter: a message has one author, and a second name finds nothing.
        if one.name == "from" and not one.negated and one.value == author:
            author = None
        elif one.name == "from":
            filters.append(Filter("from", one.value, one.negated))
        elif one.name == "has":
            filters.append(Filter("has", _HAS[fold(one.value)], one.negated))
        elif one.name == "is":
            filters.append(Filter("is", UNREAD, one.negated))
        elif one.name in {"subject", "label"}:
            filters.append(Filter("subject" if one.name == "subject" else "label", one.value, one.negated))
    return filters


def _is_understood(call: CallContext, operator: Operator) -> bool:
    if operator.name == "has":
        return fold(operator.value) in _HAS
    if operator.name == "is":
        return fold(operator.value) == UNREAD
    if operator.name not in _TIMES:
        return True
    try:
        _times_of(call, operator)
    except InvalidArgument:
        return False
    # Nobody can mean a message that was not sent after a time; before: says that.
    return not operator.negated


def _window(call: CallContext, parsed: ParsedQuery, window: Window) -> Window:
    windows = [window, *(_times_of(call, one) for one in parsed.operators if one.name in _TIMES)]
    # All conditions hold at once, so the narrowest window counts.
    since = max((begin for begin, _ in windows if begin is not None), default=None)
    until = min((end for _, end in windows if end is not None), default=None)
    if since is not None and until is not None and since >= until:
        raise InvalidArgument("The times of this search end before they begin.", hint="Leave one of them out.")
    return since, until


def _times_of(call: CallContext, operator: Operator) -> Window:
    """From when and until when a message may be, for an operator of time."""
    from dragoman.toolset.definition.time_arguments import parse_time  # noqa: PLC0415  # few searches name a time

    def read(*, end: bool) -> datetime:
        return parse_time(operator.value, zone=call.services.zone, now=call.now, name=operator.name, end=end)

    match operator.name:
        case "before":
            return None, read(end=False)
        case "after" | "since":
            return read(end=False), None
        case "until":
            return None, read(end=True)
        case _:
            return read(end=False), read(end=True)
