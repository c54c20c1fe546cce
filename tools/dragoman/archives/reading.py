"""Reads the archives of an import: opens, recognises, yields what they hold. Blocks; a worker thread runs it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, cast

from dragoman._version import __version__
from dragoman.archives import ArchiveFormat, Notes, ReadOptions
from dragoman.archives.format import DateOrder, Elsewhere, Item, StoredIds
from dragoman.archives.ids import ContentIds
from dragoman.archives.recognition import Recognition, Recognized, recognition
from dragoman.archives.registry import all_formats, format_of
from dragoman.archives.sources import open_path, open_stream
from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.model import Conversation, Message
from dragoman.core.names import author_matches
from dragoman.core.safe_text import SafeText, safe, sentence

_log = logging.getLogger(__name__)

_CHARACTERS: Final = 500_000
"""Of texts in a batch: so much is held in memory at once."""

LEAST_LARGE: Final = 8 << 20
"""Bytes of archives from which on a second process saves more time than it takes to start."""

STDIN: Final = Path("-")
"""Stands for standard input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """What to read, and how.

    Attributes:
        paths: Files and folders; :data:`STDIN` is standard input.
        format: Name of the format; ``None`` recognises it.
        title: Title of a conversation whose archive does not name it.
        me: Name, id or address of the person whose messages are the user's own.
        own_name: How the user's own messages are signed.
        dates: Order of day, month and year where the archive does not tell.
        zone: Zone of times that name none.
        since: Older messages are left out.
        account: Name of the account that takes them.
    """

    paths: tuple[Path, ...]
    format: str | None = None
    title: str = ""
    me: str = ""
    own_name: str = "me"
    dates: DateOrder | None = None
    zone: tzinfo = UTC
    since: datetime | None = None
    account: str = "local"


class Archives:
    """The archives of one import.

    Args:
        request: What to read.
        found: What the paths hold.
        stored: Ids of the messages that are stored already.
        elsewhere: Has another process do a part of the work.
    """

    def __init__(
        self, request: ReadRequest, found: Recognition, stored: StoredIds, elsewhere: Elsewhere | None
    ) -> None:
        self._request = request
        self._found = found
        self._is_stopped = False
        self._options = ReadOptions(
            zone=request.zone,
            dates=request.dates,
            title=request.title,
            account=request.account,
            stored=stored,
            is_stopped=lambda: self._is_stopped,
            elsewhere=elsewhere,
        )
        self.results = _readable(found.results(), found.notes)
        self._iterator: Iterator[Conversation | Message] | None = None

    @property
    def titles(self) -> list[str]:
        """What people call the formats that were found."""
        return [result.format.title for result in self.results]

    @property
    def gives_late(self) -> bool:
        """Whether much may have been read of which nothing was given yet."""
        return any(result.format.gives_late for result in self.results)

    @property
    def size(self) -> int:
        """Bytes that will be read."""
        return sum(result.size * result.format.passes for result in self.results)

    @property
    def is_large(self) -> bool:
        """Whether a process of its own reads them faster. Another process has no use of standard input."""
        size = sum(result.content_size * result.format.passes for result in self.results)
        return size >= LEAST_LARGE and STDIN not in self._request.paths

    @property
    def position(self) -> int:
        """Bytes that were read by now."""
        return self._found.progress.bytes_read

    @property
    def unknown(self) -> tuple[int, list[SafeText]]:
        """How many texts are of no known format, and the first of them."""
        return self._found.unknown_texts, self._found.unknown_names

    def digest(self, check: Callable[[], None]) -> str:
        """A digest of all that the import depends on.

        Args:
            check: Is called now and then; what it raises ends the reading.
        """
        request, options = self._request, self._options
        return self._found.digest(
            check, __version__, str(options.zone), options.dates, options.title, request.me, request.since,
            request.own_name,
        )  # fmt: skip

    def stop(self) -> None:
        """Have nothing more read; any thread may ask. What was read and not given yet is still given."""
        self._is_stopped = True

    def next_batch(self, size: int) -> list[Conversation | Message]:
        """The next items, fewer where texts are long; none at the end."""
        if self._iterator is None:
            # The digest has read the same bytes before, which are no progress of the import.
            self._found.progress.bytes_read = 0
            self._iterator = self.items()
        batch: list[Conversation | Message] = []
        left = _CHARACTERS
        for item in islice(self._iterator, size):
            batch.append(item)
            left -= len(item.text) if isinstance(item, Message) else 0
            if left < 0:
                break
        return batch

    def items(self) -> Iterator[Conversation | Message]:
        """Everything that is to be stored; what cannot be read is noted."""
        notes, since, me = self._found.notes, self._request.since, self._request.me
        ids = ContentIds()
        for result in self.results:
            found = _fenced(result.format.read(result.source, self._options), result.format.title, notes)
            for item in _with_messages(found) if self._found.has_forced else found:
                # A format that gives late looks at the stop itself, and still gives what it has read.
                if self._is_stopped and not result.format.gives_late:
                    return
                if isinstance(item, Message):
                    if since is not None and item.sent_at is not None and item.sent_at < since:
                        notes.leave_out("older than --since")
                        continue
                    known = item if item.id else _with_id(item, ids)
                    yield self._signed(known, me) if me else known
                elif isinstance(item, Conversation):
                    yield item
                else:
                    notes.add(item)

    def _signed(self, message: Message, me: str) -> Message:
        """The message with the user's own name if it is theirs; their name in the archive still finds it."""
        if not author_matches(message.author, f"<{me.strip()}>"):
            return message
        return replace(
            message, author=replace(message.author, name=self._request.own_name, id=message.author.name, own=True)
        )


@contextmanager
def open_archives(
    request: ReadRequest, notes: Notes, stored: StoredIds, elsewhere: Elsewhere | None = None
) -> Generator[Archives]:
    """Open what the paths hold.

    Args:
        request: What to read.
        notes: Where entries that are left out are counted.
        stored: Ids of the messages that are stored already.
        elsewhere: Has another process do a part of the work.

    Raises:
        InvalidArgument: A path cannot be opened, or nothing is recognised.
    """
    formats: tuple[ArchiveFormat, ...] = (format_of(request.format),) if request.format else all_formats()
    with recognition(formats, notes, forced=request.format is not None) as found:
        for path in request.paths:
            if path == STDIN:
                found.add(open_stream(_standard_input(), "standard input", notes, found.progress))
            else:
                found.add(open_path(path, notes, found.progress))
        yield Archives(request, found, stored, elsewhere)


def _standard_input() -> BinaryIO:
    # Python has no standard input where whoever started it has closed that.
    if cast("object", sys.stdin) is None:
        raise InvalidArgument("Standard input is closed.", hint="Give a file, or pipe one into the command.")
    return sys.stdin.buffer


def _with_id(message: Message, ids: ContentIds) -> Message:
    """A message whose format gives it no id."""
    time = message.sent_at.isoformat() if message.sent_at else ""
    return replace(message, id=ids.make(message.conversation, time, message.text))


def _fenced(items: Iterator[Item], title: str, notes: Notes) -> Iterator[Item]:
    """The items up to a mistake in the reader of a format, which is noted."""
    try:
        yield from items
    # These say what is wrong themselves, such as a disk that fails.
    except (DragomanError, OSError):
        raise
    except Exception as error:  # noqa: BLE001  # the boundary: a mistake in one format must not stop the others
        _log.debug("The reader of %s failed.", title, exc_info=True)
        notes.skip(sentence("the reader of this format failed ({})", type(error).__name__), title)


def _with_messages(items: Iterator[Item]) -> Iterator[Item]:
    """The items without conversations that have no message: a file of something else often looks like one."""
    waiting: dict[str, Conversation] = {}
    begun: set[str] = set()
    for item in items:
        if isinstance(item, Conversation) and item.id not in begun:
            waiting[item.id] = item
            continue
        if isinstance(item, Message) and item.conversation not in begun:
            begun.add(item.conversation)
            conversation = waiting.pop(item.conversation, None)
            if conversation is not None:
                yield conversation
        yield item


def _readable(results: list[Recognized], notes: Notes) -> list[Recognized]:
    """The results without formats that cannot be read, which are told.

    Raises:
        InvalidArgument: Nothing else was found.
    """
    readable = [result for result in results if result.format.readable]
    for result in results:
        if not result.format.readable:
            try:
                # Its reading only raises the sentence about what to do.
                list(result.format.read(result.source, ReadOptions()))
            except InvalidArgument as error:
                if not readable:
                    raise
                notes.tell(safe(error.text))
    return readable
