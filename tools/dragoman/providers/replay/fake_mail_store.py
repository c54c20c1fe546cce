"""The mails of a small mail server, and finding them: what IMAP's SEARCH asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import Message as Parsed
from functools import cached_property
from typing import Final, TypeAlias

from dragoman.core.mail.dates import parse_date
from dragoman.core.mail.encoded_words import decode_words

Argument: TypeAlias = "bytes | list[Argument]"
"""A word of a command, or several in brackets."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FLAGS: Final = {
    "SEEN": "\\Seen", "ANSWERED": "\\Answered", "FLAGGED": "\\Flagged", "DELETED": "\\Deleted", "DRAFT": "\\Draft",
}  # fmt: skip
_BREAKS: Final = re.compile(rb"\r?\n(?=[ \t])")


@dataclass
class StoredMail:
    """A mail in a folder.

    Attributes:
        facts: What else the server tells of it, such as a number of Gmail.
    """

    uid: int
    data: bytes
    flags: set[str] = field(default_factory=set[str])
    facts: dict[str, str] = field(default_factory=dict[str, str])
    arrived_at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @cached_property
    def parsed(self) -> Parsed:
        """Its parts."""
        return message_from_bytes(self.data)

    @cached_property
    def head(self) -> bytes:
        """Its header fields."""
        return re.split(rb"\r?\n\r?\n", self.data, maxsplit=1)[0] + b"\r\n\r\n"

    @cached_property
    def body(self) -> bytes:
        """What follows them."""
        return self.data[len(self.head) :]

    @cached_property
    def fields(self) -> list[tuple[str, str]]:
        """Its header fields, unfolded and decoded, with names in small letters."""
        lines = _BREAKS.sub(b"", self.head).splitlines()
        pairs = (line.decode("utf-8", "replace").partition(":") for line in lines if b":" in line)
        return [(name.lower(), _decoded(value.strip())) for name, _, value in pairs]

    @cached_property
    def sent_at(self) -> datetime:
        """Its date, else when it arrived."""
        dates = (parse_date(value) for name, value in self.fields if name == "date")
        return next((date for date in dates if date is not None), self.arrived_at)

    @cached_property
    def words(self) -> str:
        """Its texts, decoded, in small letters."""
        parts = [part for part in self.parsed.walk() if part.get_content_maintype() == "text"]
        texts = (part.get_payload(decode=True) for part in parts)
        return "\n".join(text.decode("utf-8", "replace") for text in texts if isinstance(text, bytes)).lower()


def _decoded(value: str) -> str:
    return decode_words(value)


@dataclass
class StoredFolder:
    """A folder with its mails."""

    name: str
    role: str = ""
    validity: int = 1
    next_uid: int = 1
    changes: int = 1
    mails: dict[int, StoredMail] = field(default_factory=dict[int, StoredMail])

    def add(
        self,
        data: bytes,
        flags: Sequence[str] = (),
        arrived_at: datetime | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> int:
        """Take a mail; gives its UID."""
        mail = StoredMail(self.next_uid, data, set(flags), dict(facts or {}))
        mail.arrived_at = arrived_at or mail.arrived_at
        self.mails[mail.uid] = mail
        self.next_uid += 1
        self.changes += 1
        return mail.uid

    def search(self, keys: Sequence[Argument]) -> list[int]:
        """UIDs of the mails for which all keys hold."""
        test = _all_of(list(keys))
        return [uid for uid, mail in sorted(self.mails.items()) if test(mail)]


Test: TypeAlias = Callable[[StoredMail], bool]


def _all_of(keys: list[Argument]) -> Test:
    """What a list of keys asks for; takes them out of the list."""
    tests = list[Test]()
    while keys:
        tests.append(_next(keys))
    return lambda mail: all(test(mail) for test in tests)


def _next(keys: list[Argument]) -> Test:
    key = keys.pop(0)
    if isinstance(key, list):
        return _all_of(list(key))
    if key.upper() == b"ALL":
        return lambda _: True
    name = key.decode("ascii", "replace").upper()
    if name == "NOT":
        inner = _next(keys)
        return lambda mail: not inner(mail)
    if name == "OR":
        one, other = _next(keys), _next(keys)
        return lambda mail: one(mail) or other(mail)
    return _plain(name, keys)


def _plain(name: str, keys: list[Argument]) -> Test:
    if name.removeprefix("UN") in _FLAGS:
        flag, wanted = _FLAGS[name.removeprefix("UN")].lower(), not name.startswith("UN")
        return lambda mail: (flag in {one.lower() for one in mail.flags}) is wanted
    if name in ("KEYWORD", "UNKEYWORD"):
        keyword = _word(keys)
        return lambda mail: (keyword in {one.lower() for one in mail.flags}) is (name == "KEYWORD")
    if name in ("SINCE", "BEFORE", "ON", "SENTSINCE", "SENTBEFORE"):
        return _by_day(name, keys)
    if name == "UID":
        return _by_uid(_word(keys))
    if name in ("LARGER", "SMALLER"):
        size = int(_word(keys))
        return lambda mail: len(mail.data) > size if name == "LARGER" else len(mail.data) < size
    return _by_text(name, keys)


def _by_text(name: str, keys: list[Argument]) -> Test:
    if name == "HEADER":
        field_name, word = _word(keys), _word(keys)
        return lambda mail: any(key == field_name and word in value.lower() for key, value in mail.fields)
    if name in ("SUBJECT", "FROM", "TO", "CC"):
        word = _word(keys)
        return lambda mail: any(key == name.lower() and word in value.lower() for key, value in mail.fields)
    if name in ("X-GM-THRID", "THREADID"):
        thread = _word(keys)
        return lambda mail: mail.facts.get(name, "").strip("()").lower() == thread
    if name in ("TEXT", "BODY", "X-GM-RAW"):
        word = _word(keys)
        heads = name != "BODY"
        return lambda mail: word in mail.words or (heads and any(word in value.lower() for _, value in mail.fields))
    raise ValueError(name)


def _by_day(name: str, keys: list[Argument]) -> Test:
    day_of_month, month, year = _word(keys).split("-")
    day = date(int(year), _MONTHS.index(month.title()) + 1, int(day_of_month))
    if name == "ON":
        return lambda mail: mail.arrived_at.date() == day
    if name.startswith("SENT"):
        return lambda mail: (mail.sent_at.date() >= day) is (name == "SENTSINCE")
    return lambda mail: (mail.arrived_at.date() >= day) is (name == "SINCE")


def _by_uid(ranges: str) -> Test:
    wanted = list(parse_ranges(ranges))
    return lambda mail: any(low <= mail.uid <= high for low, high in wanted)


def parse_ranges(text: str) -> Iterator[tuple[int, int]]:
    """The ranges of a set of numbers; a star is the highest."""
    for one in text.split(","):
        low, colon, high = one.partition(":")
        ends = [1 << 32 if end == "*" else int(end) for end in ((low, high) if colon else (low, low))]
        yield min(ends), max(ends)


def _word(keys: list[Argument]) -> str:
    key = keys.pop(0)
    if isinstance(key, list):
        raise ValueError("a word was wanted")  # noqa: TRY004 - it is the client that is wrong
    return key.decode("utf-8").lower()
