"""The interface of a reader of one archive format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, ClassVar, Final, Literal

from dragoman.archives.head import Head
from dragoman.archives.notes import Note
from dragoman.archives.sources import Folder, Source
from dragoman.core.model import Conversation, Message

CERTAIN: Final = 100
"""Confidence: the content can be nothing else."""
LIKELY: Final = 60
"""Confidence: the content fits, and few other formats would."""
POSSIBLE: Final = 20
"""Confidence: take it if no other format wants it."""

DateOrder = Literal["dmy", "mdy", "ymd"]
Item = Conversation | Message | Note

Elsewhere = Callable[[Callable[[Any], object], object], Callable[[], Any]]
"""Has another process call a function of a module with a value, and gives what waits for the result.

Both are pickled. Results come in the order in which they were asked for; a failure is raised where it is waited for.
"""


def _is_never_stopped() -> bool:
    return False


StoredId = tuple[str, str, tuple[str, ...]]
"""Id of a stored message, that of its conversation, and those of messages that it names."""

StoredIds = Callable[[str], Iterator[StoredId]]
"""Gives the stored messages of the conversations whose ids begin so."""


def _nothing_stored(_prefix: str) -> Iterator[StoredId]:
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read what an archive leaves open.

    Attributes:
        zone: Zone of times that name none.
        dates: Order of day, month and year where the archive does not tell.
        title: Title of a conversation whose archive does not name it; empty to take the file's name.
        account: Name of the account that takes the messages.
        stored: Ids of the messages that are stored already.
        is_stopped: Whether the user has stopped the import, for formats that give nothing before all is read.
        elsewhere: Has the process that waits for items do a part of the work; ``None`` where there is none.
    """

    zone: tzinfo = UTC
    dates: DateOrder | None = None
    title: str = ""
    account: str = "local"
    stored: StoredIds = _nothing_stored
    is_stopped: Callable[[], bool] = _is_never_stopped
    elsewhere: Elsewhere | None = None


class ArchiveFormat(ABC):
    """A reader of one format.

    Attributes:
        name: Short name; conversation ids begin with it and a dot.
        title: What people call it, such as ``Slack export``.
        readable: ``False`` for a format that is recognised only to say what to do about it.
        passes: How often :meth:`read` reads its files, for the progress shown.
        is_known_by_times: Whether files in its folders are written once, as a Maildir's are: name, size and the time of
            the last change tell that one is the same.
        gives_late: :meth:`read` gives nothing before it has read everything. Once ``options.is_stopped()`` it gives
            what it has read by then.
    """

    name: str
    title: str
    readable: ClassVar[bool] = True
    passes: ClassVar[int] = 1
    is_known_by_times: ClassVar[bool] = False
    gives_late: ClassVar[bool] = False

    @abstractmethod
    def recognises(self, head: Head, names: Folder) -> int:
        """How sure it is that this is the format: 0 for no, up to :data:`CERTAIN`.

        It is asked about each file, and about each folder. A folder that it claims is its own with everything below.

        Args:
            head: The beginning of the file; empty for a folder.
            names: The folder itself, or the one that holds the file.
        """

    @abstractmethod
    def read(self, source: Source, options: ReadOptions) -> Iterator[Item]:
        """Everything that its files hold.

        A conversation comes before or after its messages, once or more often. Messages name theirs by id. What cannot
        be read is counted with ``source.notes`` and passed over.

        Args:
            source: The files and folders that were recognised as this format.
            options: What the archive leaves open.

        Raises:
            InvalidArgument: Nothing can be read; the sentences say what to do.
        """
