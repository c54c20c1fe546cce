"""Reads mails one by one, in this process or, some at a time, in another one that has nothing else to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final, LiteralString, NamedTuple

from dragoman.archives.format import Elsewhere
from dragoman.archives.mail import mapping
from dragoman.archives.mail.reading import Beside, Found
from dragoman.archives.times import EPOCH
from dragoman.core.mail import Mail, read_mail, read_whole_mail

_MICROSECOND: Final = timedelta(microseconds=1)
# Behind all times: a mail without one is never the oldest of a thread that has others.
_NO_TIME: Final = 2**62
_LONGEST_ID: Final = 500
_AT_ONCE: Final = 60
"""Mails that are read before their results are given."""

_ELSEWHERE: Final = 40
"""So many of them go to the other process: this one finds them and joins threads as well."""

_BYTES: Final = 256 << 10


class ParsedMail(NamedTuple):
    """What is needed of a mail.

    Attributes:
        reason: Why it is left out; then there is nothing else.
        id: Its own id, else a digest of its content.
        has_own_id: Whether the mail tells its id.
        author_and_date: What tells it from another mail with the same id.
        group: Gmail's own id of the thread.
        members: As :func:`mapping.packed` gives them.
        related: Ids of the mails that it names.
        time: When it was sent, in microseconds.
        subject: Its subject.
        people: Names of those who write and read it.
        digest: What its content is known by, for a mail that is not held as a whole.
    """

    reason: LiteralString
    id: str = ""
    has_own_id: bool = True
    author_and_date: str = ""
    group: str = ""
    members: tuple[Any, ...] = ()
    related: tuple[str, ...] = ()
    time: int = _NO_TIME
    subject: str = ""
    people: tuple[str, ...] = ()
    digest: str = ""


def parse(mail: Mail, beside: Beside) -> ParsedMail:
    """Take from a mail what is needed of it."""
    reason = mapping.reason_to_leave_out(mail)
    if reason:
        return ParsedMail(reason)
    own = mail.id
    has_own_id = bool(own) and len(own) <= _LONGEST_ID
    id_ = own if has_own_id else mapping.content_digest(mail)
    message = mapping.message_of(mail, beside, id_)
    time = message.sent_at
    return ParsedMail(
        "",
        id_,
        has_own_id,
        f"{mail.author.email.lower()}\n{mail.headers.raw('date')}",
        _group_of(mail),
        mapping.packed(message),
        tuple([other for other in (*mail.references, mail.reply_to) if other and other != id_]),
        _NO_TIME if time is None else (time - EPOCH) // _MICROSECOND,
        mail.subject,
        tuple(mapping.people_of(message, mail)),
    )


def parse_whole(mails: Sequence[tuple[bytes, Beside]]) -> list[ParsedMail]:
    """Parse mails that are held as a whole."""
    return [parse(read_whole_mail(data), beside) for data, beside in mails]


def parse_all(
    mails: Iterator[Found], elsewhere: Elsewhere | None, is_stopped: Callable[[], bool]
) -> Iterator[tuple[ParsedMail, Found]]:
    """Parse mails in their order.

    Args:
        mails: Where they are found.
        elsewhere: Has another process run a function; ``None`` where there is none.
        is_stopped: Whether no more are to be read; what was read is still given.
    """
    before: _Block | None = None
    block = _Block()
    for found in mails:
        block.add(found)
        if block.is_full:
            block.start(elsewhere)
            # The other process goes on while the results of the block before are given.
            yield from before.results() if before is not None else ()
            before, block = block, _Block()
        if is_stopped():
            break
    block.start(elsewhere)
    yield from before.results() if before is not None else ()
    yield from block.results()


class _Block:
    """Some mails that are parsed together."""

    def __init__(self) -> None:
        self._found: list[Found] = []
        self._parsed: dict[int, ParsedMail] = {}
        self._bytes = 0
        self._places: list[int] = []
        self._answer: Callable[[], Any] | None = None

    @property
    def is_full(self) -> bool:
        """Whether it is to be parsed now."""
        return len(self._found) >= _AT_ONCE or self._bytes >= _BYTES

    def add(self, found: Found) -> None:
        """Take the next mail; one that comes line by line is parsed at once."""
        if found.whole is None:
            # They are lines of the file itself, in which the next mail can only be found behind them.
            mail = read_mail(found.lines)
            parsed = parse(mail, found.beside)
            self._parsed[len(self._found)] = parsed._replace(digest=mapping.content_digest(mail))
        else:
            self._bytes += len(found.whole)
        self._found.append(found)

    def start(self, elsewhere: Elsewhere | None) -> None:
        """Parse the mails, the first ones elsewhere."""
        whole = [
            (place, found.whole, found.beside) for place, found in enumerate(self._found) if found.whole is not None
        ]
        sent = whole[: len(whole) * _ELSEWHERE // _AT_ONCE] if elsewhere is not None else []
        if elsewhere is not None and sent:
            self._places = [place for place, _, _ in sent]
            self._answer = elsewhere(parse_whole, [(data, beside) for _, data, beside in sent])
        for place, data, beside in whole[len(sent) :]:
            self._parsed[place] = parse(read_whole_mail(data), beside)

    def results(self) -> Iterator[tuple[ParsedMail, Found]]:
        """What was parsed, in order."""
        if self._answer is not None:
            self._parsed.update(zip(self._places, self._answer(), strict=True))
        for place, found in enumerate(self._found):
            yield self._parsed[place], found


def _group_of(mail: Mail) -> str:
    """Gmail's own id of the thread."""
    digits = mail.headers.raw("x-gm-thrid").strip()
    return digits if digits.isascii() and digits.isdigit() else ""
