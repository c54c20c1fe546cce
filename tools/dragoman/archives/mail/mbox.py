"""Splits mbox files of every kind into mails, line by line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Final

from dragoman.core.lazy_pattern import lazy_pattern

_TIME: Final = r"(?:[A-Z][a-z]{2},? +)?[A-Z][a-z]{2} +\d{1,2} +\d{1,2}:\d\d(?::\d\d)?"
_ENVELOPE: Final = lazy_pattern(
    rf"From(?: +\S.*?)? +{_TIME}(?: +(?:[A-Z]{{1,5}}|[+-]\d{{4}}|\(\w+\)))* +\d{{4}}(?: +(?:[+-]\d{{4}}|[A-Z]{{1,5}}))?"
    rf"(?: remote from \S+)?|From(?: -.*| *)".encode()
)
# UUCP leaves older envelope lines, quoted, in the head.
_HEADER: Final = lazy_pattern(rb"[!-9;-~]+[ \t]*:|>From ")
_QUOTED: Final = lazy_pattern(rb">+From ")
_LENGTH: Final = lazy_pattern(rb"content-length:\s*(\d{1,12})\s*$", re.IGNORECASE)
_PARTS_OF_TIME: Final = lazy_pattern(
    rb"([A-Z][a-z]{2}) +(\d{1,2}) +(\d{1,2}:\d\d(?::\d\d)?)((?: +(?:[A-Z]{1,5}|[+-]\d{4}))*) +(\d{4})"
    rb"(?: +([+-]\d{4}|[A-Z]{1,5}))?"
)
_BLANK: Final = frozenset({b"\n", b"\r\n"})
_LOOKED_AHEAD: Final = 16 << 20
_BLOCK: Final = 256 << 10
_LARGEST_WHOLE: Final = 1 << 20
_LONGEST_LINE: Final = 1 << 20
_HEAD_END: Final = lazy_pattern(rb"\n\r?\n")
_TELLS_LENGTH: Final = lazy_pattern(rb"^content-length:\s*\d", re.IGNORECASE | re.MULTILINE)
_QUOTED_LINE: Final = lazy_pattern(rb"^>(>*From )", re.MULTILINE)
_BLANK_BEFORE_FROM: Final = lazy_pattern(rb"\n\r?\n(From[^\n]*\n)")
_BLANK_LINE: Final = 2
"""Bytes of the longest blank line."""


def is_envelope(line: bytes) -> bool:
    """Whether a line has the form of one that begins a mail."""
    return line.startswith(b"From") and _ENVELOPE.fullmatch(line.rstrip()) is not None


def time_of_envelope(line: bytes) -> datetime | None:
    """The time that an envelope line tells."""
    found = _PARTS_OF_TIME.search(line)
    if found is None:
        return None
    from dragoman.core.mail.dates import parse_date  # noqa: PLC0415 - recognising an mbox needs none of it

    month, day, clock, before, year, after = (part.decode("ascii") if part else "" for part in found.groups())
    return parse_date(f"{day} {month} {year} {clock} {after or before.strip() or '+0000'}")


class Mbox:
    """The mails of a file, one after the other.

    Nearly all lie within what was read at once, and are cut out of it as a whole. The others are read line by line.

    Args:
        stream: The file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._data = b""
        self._at = 0
        self._ended = False
        self._ahead: deque[bytes] = deque()

    def mails(self) -> Iterator[tuple[bytes, bytes | None, Iterator[bytes]]]:
        """The envelope line of each mail, and the mail as a whole, else its lines; those not read are passed over."""
        for line in self._rest():
            bare = line.removeprefix(b"\xef\xbb\xbf")
            if is_envelope(bare) and self._begins_mail():
                self._ahead.appendleft(bare)
                break
        while self._ahead or self._at < len(self._data):
            envelope = self._next_line() or b""
            self._put_back()
            whole = self._whole_mail()
            lines = self._mail() if whole is None else iter(())
            yield envelope, whole, lines
            for _ in lines:
                pass

    def _whole_mail(self) -> bytes | None:
        """The mail that begins here; ``None`` where it is long, or tells its own length, so that lines are counted."""
        end = self._end_of_mail()
        if end is None:
            return None
        # From the line end before, because a mail may have no head.
        blank = _HEAD_END.search(self._data, self._at - 1, end)
        body = blank.end() if blank else end
        if _TELLS_LENGTH.search(self._data, self._at, body):
            return None
        whole = self._data[self._at : end]
        if self._data.find(b"\n>", body - 1, end) >= 0:
            body -= self._at
            whole = whole[:body] + _QUOTED_LINE.sub(b"\\1", whole[body:])
        self._at = end
        return whole

    def _end_of_mail(self) -> int | None:
        """Where the next mail or the end of the file stands; ``None`` when it is not within what is held at once."""
        searched = self._at - 1
        while True:
            found = _BLANK_BEFORE_FROM.search(self._data, searched)
            if found is None or not self._holds_line_behind(found.end(1)):
                if self._ended:
                    return len(self._data)
                if len(self._data) - self._at > _LARGEST_WHOLE:
                    return None
                # The last line may be incomplete, and the blank one before it counts.
                open_end = found.start() if found else self._data.rfind(b"\n") - _BLANK_LINE
                held = max(open_end - self._at, -1)
                self._fill()
                searched = self._at + held
                continue
            if is_envelope(found[1]) and _HEADER.match(self._data, found.end(1)):
                return found.start(1)
            searched = found.start(1) - 1

    def _holds_line_behind(self, place: int) -> bool:
        return self._data.find(b"\n", place) >= 0 or self._ended

    def _fill(self) -> None:
        """Read on; the byte before the place stays."""
        start = max(self._at - 1, 0)
        more = self._stream.read(_BLOCK)
        self._ended = not more
        self._data, self._at = self._data[start:] + more, self._at - start

    def _put_back(self) -> None:
        """Put the lines that were looked at back into the data."""
        if self._ahead:
            self._data, self._at = b"".join((b"\n", *self._ahead, self._data[self._at :])), 1
            self._ahead.clear()

    def _next_line(self) -> bytes | None:
        """The next line with its end, a piece of it where it is very long; ``None`` at the end of the file."""
        return self._ahead.popleft() if self._ahead else self._line_of_file()

    def _line_of_file(self) -> bytes | None:
        while (end := self._data.find(b"\n", self._at) + 1) == 0 and not self._ended:
            if len(self._data) - self._at > _LONGEST_LINE:
                end = self._at + _LONGEST_LINE
                break
            self._fill()
        line = self._data[self._at : end or len(self._data)]
        self._at += len(line)
        return line or None

    def _mail(self) -> Iterator[bytes]:
        """The lines up to the next envelope line, which stays the next to come."""
        in_head, blank, left = True, False, -1
        while (line := self._next_line()) is not None:
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
        # A wrong length must not swallow the mails that follow: programs change lines and leave the field.
        return left <= 0 or not self._length_is_right(left - len(line))

    def _begins_mail(self) -> bool:
        """Whether a header line comes next."""
        following = self._peek(0)
        return following is not None and _HEADER.match(following) is not None

    def _length_is_right(self, left: int) -> bool:
        """Whether an envelope line or the end of the file stands where the mail's own length says."""
        place = 0
        # Lines that were looked at wait in memory.
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
            line = self._line_of_file()
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[place]

    def _rest(self) -> Iterator[bytes]:
        while (line := self._next_line()) is not None:
            yield line
