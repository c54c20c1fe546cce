"""Lines and server-sent events out of a stream of bytes."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

from dragoman.transport.http.response import UnreadableBodyError

LONGEST_LINE: Final = 4 << 20  # characters of a line, and of the data of one event


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event.

    Attributes:
        name: ``message`` when the service names none.
        data: Its ``data`` lines, joined by line breaks.
        id: The last id that the stream named, empty without.
    """

    name: str
    data: str
    id: str = ""


class LineSplitter:
    """Cuts a UTF-8 stream into lines at CR LF, LF or CR, however the bytes are split.

    A byte order mark at the beginning is dropped; broken characters become U+FFFD.
    """

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._parts: list[str] = []
        self._length = 0
        self._after_return = False

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that end within these bytes, without their ends.

        Raises:
            UnreadableBodyError: A line is too long.
        """
        text = self._decoder.decode(data)
        if self._after_return and text:
            text = text.removeprefix("\n")
            self._after_return = False
        self._after_return = self._after_return or text.endswith("\r")
        *ended, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in ended:
            self._keep(line)
            yield self._take()
        self._keep(rest)

    def finish(self) -> str | None:
        """The rest after the last line end; ``None`` when that is nothing."""
        self._keep(self._decoder.decode(b"", final=True))
        return self._take() or None

    def _keep(self, part: str) -> None:
        self._parts.append(part)
        self._length += len(part)
        # A line without end would fill the memory before anybody sees it.
        if self._length > self._longest:
            raise UnreadableBodyError("has a line that is too long")

    def _take(self) -> str:
        line = "".join(self._parts)
        self._parts, self._length = [], 0
        return line


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    """Put lines together to events.

    The last one may lack its blank line. The standard says to drop it then, but servers do forget that line;
    whether such an event is whole has to show in its data.

    Raises:
        UnreadableBodyError: An event is too large.
    """
    name, data, size, last_id = "", list[str](), 0, ""
    async for line in lines:
        if not line:
            if data:
                yield Event(name or "message", "\n".join(data), last_id)
            name, data, size = "", [], 0
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
            size += len(value) + 1
        elif field == "id" and "\0" not in value:
            last_id = value
        if size > LONGEST_LINE:
            raise UnreadableBodyError("has an event that is too large")
    if data:
        yield Event(name or "message", "\n".join(data), last_id)
