"""Splits mbox files of every kind into mails, line by line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from dragoman.core.mail.headers import parse_date

_TIME: Final = r"(?:[A-Z][a-z]{2},? +)?[A-Z][a-z]{2} +\d{1,2} +\d{1,2}:\d\d(?::\d\d)?"
_ENVELOPE: Final = re.compile(
    rf"From(?: +\S.*?)? +{_TIME}(?: +(?:[A-Z]{{1,5}}|[+-]\d{{4}}|\(\w+\)))* +\d{{4}}(?: +(?:[+-]\d{{4}}|[A-Z]{{1,5}}))?"
    rf"(?: remote from \S+)?|From(?: -.*| *)".encode()
)
_HEADER: Final = re.compile(rb"[!-9;-~]+[ \t]*:|>From ")
_QUOTED: Final = re.compile(rb">+From ")
_LENGTH: Final = re.compile(rb"content-length:\s*(\d{1,12})\s*$", re.IGNORECASE)
_PARTS_OF_TIME: Final = re.compile(
    rb"([A-Z][a-z]{2}) +(\d{1,2}) +(\d{1,2}:\d\d(?::\d\d)?)((?: +(?:[A-Z]{1,5}|[+-]\d{4}))*) +(\d{4})"
    rb"(?: +([+-]\d{4}|[A-Z]{1,5}))?"
)
_BLANK: Final = frozenset({b"\n", b"\r\n"})
_LOOKED_AHEAD: Final = 16 << 20


def is_envelope(line: bytes) -> bool:
    """Whether a line has the form of one that begins a mail."""
    return line.startswith(b"From") and _ENVELOPE.fullmatch(line.rstrip()) is not None


def time_of_envelope(line: bytes) -> datetime | None:
    """The time that an envelope line tells."""
    found = _PARTS_OF_TIME.search(line)
    if found is None:
        return None
    month, day, clock, before, year, after = (part.decode("ascii") if part else "" for part in found.groups())
    return parse_date(f"{day} {month} {year} {clock} {after or before.strip() or '+0000'}")


class Mbox:
    """The mails of a file, one after the other.

    Args:
        lines: The file's lines with their ends.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._ahead: deque[bytes] = deque()

    def mails(self) -> Iterator[tuple[bytes, Iterator[bytes]]]:
        """The envelope line of each mail, and its lines; what is not read of them is passed over."""
        for line in self._rest():
            bare = line.removeprefix(b"\xef\xbb\xbf")
            if is_envelope(bare) and self._begins_mail():
                self._ahead.appendleft(bare)
                break
        while self._ahead:
            envelope = self._ahead.popleft()
            lines = self._mail()
            yield envelope, lines
            for _ in lines:
                pass

    def _mail(self) -> Iterator[bytes]:
        """The lines up to the next envelope line, which stays the next to come."""
        in_head, blank, left = True, False, -1
        ahead, lines = self._ahead, self._lines
        while (line := ahead.popleft() if ahead else next(lines, None)) is not None:
            if blank and line.startswith(b"From") and self._ends_mail(line, left):
                self._ahead.appendleft(line)
                return
            blank = line in _BLANK
            if in_head:
                length = _LENGTH.match(line) if line[:1] in b"cC" else None
                left = int(length[1]) if length else left
                in_head = not blank
            else:
                left -= len(line)
                if line.startswith(b">") and _QUOTED.match(line):
                    line = line[1:]
            yield line

    def _ends_mail(self, line: bytes, left: int) -> bool:
        if not (is_envelope(line) and self._begins_mail()):
            return False
        return left <= 0 or not self._length_is_right(left - len(line))

    def _begins_mail(self) -> bool:
        """Whether a header line comes next."""
        following = self._peek(0)
        return following is not None and _HEADER.match(following) is not None

    def _length_is_right(self, left: int) -> bool:
        """Whether an envelope line or the end of the file stands where the mail's own length says."""
        place = 0
        if left > _LOOKED_AHEAD:
            return False
        while left > 0:
            line = self._peek(place)
            if line is None:
                return False
            left -= len(line)
            place += 1
        following = self._peek(place)
        if following in (b"\n", b"\r\n"):
            following = self._peek(place + 1)
        return left == 0 and (following is None or is_envelope(following))

    def _peek(self, place: int) -> bytes | None:
        while len(self._ahead) <= place:
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[place]

    def _rest(self) -> Iterator[bytes]:
        while True:
            if self._ahead:
                yield self._ahead.popleft()
            else:
                line = next(self._lines, None)
                if line is None:
                    return
                yield line
