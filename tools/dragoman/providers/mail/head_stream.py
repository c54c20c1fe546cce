"""The heads of the mails of several folders, the newest first, each mail once, while the folders change."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from dragoman.providers.mail.heads import MailHead, fetch_heads

if TYPE_CHECKING:
    from dragoman.providers.mail.folder_state import FolderState
    from dragoman.providers.mail.imap_arguments import SearchKey
    from dragoman.providers.mail.imap_session import ImapSession

_CHUNK: Final = 200
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_CLOCKS: Final = timedelta(days=1)  # a mail is not dated later than this after it arrived


@dataclass(slots=True)
class _Source:
    """A folder of which a part was read.

    Attributes:
        uids: Those that were not read yet, as 32 bits each; the next one is the last.
        bound: No mail that was not read yet arrived later.
    """

    name: str
    keys: Sequence[SearchKey]
    state: FolderState | None = None
    uids: array[int] = field(default_factory=lambda: array("I"))
    bound: datetime | None = None


class HeadStream:
    """Reads on as far as it is asked to. Its memory is some bytes for each mail, and the heads of a few hundred.

    Args:
        folders: Names of the folders, and which of their mails, as a search.
    """

    def __init__(self, folders: Mapping[str, Sequence[SearchKey]]) -> None:
        self._sources = [_Source(name, keys) for name, keys in folders.items()]
        self._begun: dict[str, FolderState] = {}
        self._heap: list[tuple[float, str, int, MailHead]] = []
        self._given: set[int] = set()
        self._begun_at: datetime | None = None
        self._count = 0
        self._missing = False

    def take(self, session: ImapSession, enough: Callable[[Sequence[MailHead]], bool]) -> list[MailHead]:
        """The next heads in order; none at the end. When it fails it may be called again, and nothing is lost.

        Args:
            session: The connection.
            enough: Whether these are as many as are wanted.
        """
        self._catch_up(session)
        found: list[MailHead] = []
        try:
            while not enough(found):
                found.extend(self._ready())
                source = self._latest()
                if source is not None:
                    self._read_on(session, source)
                elif not self._look_again(session):
                    break
        except BaseException:
            self.put_back(found)
            raise
        return found

    @property
    def ended(self) -> bool:
        """Nothing follows."""
        return not self._heap and not self._missing and all(one.state and not one.uids for one in self._sources)

    @property
    def states(self) -> tuple[FolderState, ...]:
        """The folders as they were when the stream began; of what came later it tells nothing."""
        return tuple(self._begun[one.name] for one in self._sources)

    @property
    def complete_since(self) -> datetime | None:
        """Every mail that arrived after this time was read; ``None`` when all were."""
        return max((one.bound or _NEVER for one in self._sources if one.uids), default=None)

    def waiting(self) -> list[MailHead]:
        """Heads that were read and come later."""
        return [head for _, _, _, head in self._heap]

    def put_back(self, heads: Sequence[MailHead]) -> None:
        """Give heads again that were not used."""
        for head in heads:
            self._given.discard(_digest(head))
            self._push(head)

    def _ready(self) -> list[MailHead]:
        """Heads before which no other can come."""
        open_ones = [source for source in self._sources if source.uids]
        bound = max((source.bound for source in open_ones if source.bound is not None), default=None)
        found: list[MailHead] = []
        if any(source.bound is None for source in open_ones):
            return found
        while self._heap and (bound is None or self._heap[0][3].sent_at > bound + _CLOCKS):
            head = heappop(self._heap)[3]
            if _digest(head) not in self._given:
                self._given.add(_digest(head))
                found.append(head)
        return found

    def _latest(self) -> _Source | None:
        """The folder whose next mails can be the newest."""
        open_ones = [source for source in self._sources if source.uids]
        fresh = next((source for source in open_ones if source.bound is None), None)
        return fresh or max(open_ones, key=lambda one: one.bound is not None and one.bound.timestamp(), default=None)

    def _read_on(self, session: ImapSession, source: _Source) -> None:
        chunk = source.uids[-_CHUNK:].tolist()
        state = session.opened_folder(source.name)
        if source.state is None or state.validity != source.state.validity:
            self._begin(session, source, state)
            return
        heads = fetch_heads(session, state, chunk)
        for head in heads:
            self._push(head)
        del source.uids[-_CHUNK:]
        self._missing = self._missing or len(heads) < len(chunk)
        arrived = [head.arrived_at for head in heads]
        if arrived and source.bound is None:
            self._begun_at = max(*arrived, self._begun_at or max(arrived))
        if arrived:
            source.bound = min(*arrived, source.bound or min(arrived))

    def _begin(self, session: ImapSession, source: _Source, state: FolderState) -> None:
        uids = array("I", reversed(_in_order(session, source.keys)))
        source.state, source.bound, source.uids = state, None, uids  # only now: asking may fail, and is repeated then
        self._begun[source.name] = state

    def _look_again(self, session: ImapSession) -> bool:
        """At the end: whether mails that were gone have only been moved."""
        if not self._missing:
            return False
        self._missing = False
        self._catch_up(session)
        return bool(self._heap) or self._latest() is not None

    def _catch_up(self, session: ImapSession) -> None:
        """Look for what was moved to a place that was passed already; what arrived meanwhile is not looked at."""
        states = session.folder_states([source.name for source in self._sources])
        for source, state in zip(self._sources, states, strict=True):
            known = source.state
            if known is None or known.validity != state.validity:
                self._begin(session, source, session.opened_folder(source.name))
            elif known.next_uid != state.next_uid or not state.next_uid:
                now = session.open_folder(source.name)
                new = session.search((*source.keys, "UID", f"{max(1, known.next_uid)}:*"))
                for head in fetch_heads(session, now, [uid for uid in new if uid >= known.next_uid > 0]):
                    if self._begun_at is None or head.arrived_at <= self._begun_at:
                        self._push(head)
                source.state = now

    def _push(self, head: MailHead) -> None:
        if _digest(head) not in self._given:
            self._count += 1
            heappush(self._heap, (-head.sent_at.timestamp(), _reversed(head.id), self._count, head))


def _in_order(session: ImapSession, keys: Sequence[SearchKey]) -> list[int]:
    """UIDs, the one that arrived last first; where the server cannot sort, UIDs are near enough to that."""
    if "SORT" in session.capabilities:
        return session.sort_by_arrival(keys)
    return session.search(keys)[::-1]


def _digest(head: MailHead) -> int:
    """Tells mails apart in eight bytes; copies of a mail have the same."""
    fields = "\n".join((head.id, *(head.headers.raw(name) for name in ("from", "date", "subject"))))
    return int.from_bytes(blake2b(fields.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _reversed(identifier: str) -> str:
    """Sorts the other way round."""
    return "".join(chr(0x10FFFF - ord(letter)) for letter in identifier) + chr(0x10FFFF)
