"""Threads as conversations: which mails belong together, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from dragoman.core.mail import base_subject
from dragoman.core.model import Conversation, ConversationKind
from dragoman.providers.kit.listings import Key, key_of
from dragoman.providers.mail.copies import without_copies
from dragoman.providers.mail.heads import MailHead
from dragoman.providers.mail.known_threads import FoundThread
from dragoman.providers.mail.people import borrowed_names, full_name_of, shown_name_of

if TYPE_CHECKING:
    from dragoman.providers.mail.folders import Folders
    from dragoman.providers.mail.head_stream import HeadStream
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.people import Owner

NO_SUBJECT: Final = "(no subject)"

_MOST_PEOPLE: Final = 20
_LONGEST_CHAIN: Final = 50
_CLOCKS: Final = timedelta(days=1)  # an answer may seem to arrive so much before what it answers


class ConversationScan:
    """The threads of some folders, that with the newest mail first, each once.

    Args:
        stream: The mails.
    """

    def __init__(self, stream: HeadStream) -> None:
        self._stream = stream
        self._given: set[int] = set()

    @property
    def ended(self) -> bool:
        """Nothing follows."""
        return self._stream.ended

    def read_on(self, session: ImapSession, limit: int) -> list[FoundThread]:
        """Some threads, each with those of its mails that are known so far."""
        heads = self._stream.take(session, lambda found: self._count_new(found) >= limit)
        threads = group_threads([*heads, *self._stream.waiting()])
        found: list[FoundThread] = []
        for place, head in enumerate(heads):
            members = threads[head.thread]
            if not self._is_new(head, members):
                continue
            if len(found) >= limit:
                self._stream.put_back(heads[place:])
                break
            self._give(members)
            mails = without_copies(members)
            found.append(FoundThread(self._stream.states, tuple(mails), complete=self._is_complete(mails)))
        return found if found or not heads else self.read_on(session, limit)

    def pass_over(self, session: ImapSession, last: Key) -> None:
        """Go on after the thread whose newest mail has this key."""
        while True:
            heads = self._stream.take(session, bool)
            threads = group_threads([*heads, *self._stream.waiting()])
            for place, head in enumerate(heads):
                if key_of(*head.order) < last:
                    self._stream.put_back(heads[place:])
                    return
                self._give(threads[head.thread])
            if not heads:
                return

    def key(self, item: FoundThread) -> Key:
        """The key of a thread's newest mail."""
        return key_of(*item.heads[-1].order)

    def _is_complete(self, mails: Sequence[MailHead]) -> bool:
        """Whether no other mail can belong to a thread: all that its mails name are there, and none is older."""
        since, known = self._stream.complete_since, {head.id for head in mails}
        if since is not None and min(head.arrived_at for head in mails) - _CLOCKS <= since:
            return False
        return all(head.thread[:2] != "t." or known.issuperset(head.ancestors) for head in mails)

    def _count_new(self, heads: Sequence[MailHead]) -> int:
        return len({head.thread for head in heads if _digest(head.thread) not in self._given})

    def _is_new(self, head: MailHead, members: Iterable[MailHead]) -> bool:
        if _digest(head.thread) in self._given:
            return False
        names = {_digest(name) for one in members for name in _names(one)}
        if not names.isdisjoint(self._given):
            self._given |= names  # a thread that was given already, with other mails of it
            return False
        return True

    def _give(self, members: Iterable[MailHead]) -> None:
        self._given.update(_digest(name) for one in members for name in _names(one))


def group_threads(heads: Sequence[MailHead]) -> Mapping[str, list[MailHead]]:
    """The mails that belong together, for every thread id that one of them tells.

    Mails that name one mail belong together, and so a mail that names the first mails of two threads joins them.
    """
    above: dict[str, str] = {}
    for head in heads:
        first, *others = (_top(name, above) for name in _names(head))
        above.update(dict.fromkeys(others, first))
        above[first] = first
    groups: dict[str, list[MailHead]] = {}
    for head in heads:
        groups.setdefault(_top(head.thread, above), []).append(head)
    return {head.thread: members for members in groups.values() for head in members}


def _top(name: str, above: dict[str, str]) -> str:
    """The name that stands for all names which belong together with one."""
    top = name
    while (higher := above.get(top, top)) != top:
        top = higher
    while name != top:  # the next one who asks has a short way
        above[name], name = top, above[name]
    return top


def _names(head: MailHead) -> list[str]:
    """The thread ids under which a mail may be found; one where the server itself knows the thread."""
    if head.thread[:2] != "t.":
        return [head.thread]
    return list(dict.fromkeys((head.thread, f"t.{head.id}", *(f"t.{one}" for one in head.ancestors))))


def thread_id_of(heads: Sequence[MailHead]) -> str:
    """The id of a thread, told by all of its mails: that of the oldest root that is there, else that is named."""
    known = {head.id: head.thread for head in heads}
    roots = [_root(head.thread, known) for head in sorted(heads, key=lambda one: one.order)]
    return next((root for root in roots if root.removeprefix("t.") in known), roots[0])


def to_conversation(
    mails: Sequence[MailHead], owner: Owner, folders: Folders, *, id_: str | None = None, whole: bool = False
) -> Conversation:
    """A thread as the model has it.

    Args:
        mails: Its mails, oldest first.
        owner: Whose mailbox it is.
        folders: The folders of the mailbox.
        id_: Its id; absent: as the mails tell.
        whole: These are all of its mails.
    """
    people = {address.email.lower(): address for head in mails for address in owner.people_of(head.headers)}
    others = [address for address in people.values() if not owner.is_own(address.email)]
    borrowed = borrowed_names(people.values(), owner)
    status = {folders.status_of(head.folder) for head in mails}
    return Conversation(
        id=id_ or thread_id_of(mails),
        title=base_subject(mails[0].mail.subject) or NO_SUBJECT,
        kind=ConversationKind.MAIL,
        last_message_at=mails[-1].sent_at,
        participants=tuple(shown_name_of(address, borrowed) for address in others[:_MOST_PEOPLE]),
        external=tuple(full_name_of(one) for one in others[:_MOST_PEOPLE] if owner.is_external(one.email)),
        messages=len(mails) if whole else None,
        unread=sum(head.is_unread for head in mails),
        status=status.pop() if len(status) == 1 else None,
    )


def _root(thread: str, known: Mapping[str, str]) -> str:
    """The thread that another one belongs to, because the mail that it is named after is an answer itself."""
    for _ in range(_LONGEST_CHAIN):
        above = known.get(thread.removeprefix("t.")) if thread.startswith("t.") else None
        if above is None or above == thread:
            return thread
        thread = above
    return thread


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
